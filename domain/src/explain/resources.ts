import { nameFor } from "./allowed";
import type { Operation, Preview, PreviewStep } from "./preview";

/** One resource that changes. Names only: no value of any property. */
export interface ResourceChange {
  readonly op: Exclude<Operation, "same">;
  /** The replacement hangs on a value that only the update knows. */
  readonly uncertain: boolean;
  /** Short type: `targetGroup`. */
  readonly type: string;
  readonly name: string;
  /** Component it belongs to: `Traffic`. */
  readonly component: string;
  /** Names of the top-level properties that differ. */
  readonly properties: readonly string[];
}

/** What changes, and how many steps only keep books. */
export interface ResourceChanges {
  readonly changes: readonly ResourceChange[];
  /** Records, proofs and components: they follow from the rest. */
  readonly bookkeeping: number;
}

const ORDER: readonly Operation[] = ["replace", "delete", "create", "update"];

/** Dynamic resources that only look or note; what they say is told elsewhere. */
const BOOKKEEPING = /:(FrontDoorProof|CapacityProof|SecretProof|EvidenceRecord|RollbackRecords)$/;
const RECORDS = /^(manifest|applied|webhook-secret-generation)$/;

/** Resources that change, most serious first, without what follows from the others. */
export function resourceChanges({ steps }: Preview): ResourceChanges {
  const changing = steps.filter(({ op, type }) => op !== "same" && !isStructure(type));
  const [books, real] = [changing.filter(isBookkeeping), changing.filter((step) => !isBookkeeping(step))];
  const changes = real
    .map(toChange)
    .sort((a, b) => ORDER.indexOf(a.op) - ORDER.indexOf(b.op) || a.component.localeCompare(b.component));
  return { changes, bookkeeping: books.length };
}

/** Components, the stack and providers are no things in AWS. */
function isStructure(type: string): boolean {
  return type.startsWith("cutover:index:") || type.startsWith("pulumi:");
}

function isBookkeeping({ op, type, name, properties }: PreviewStep): boolean {
  if (BOOKKEEPING.test(type)) return true;
  if (type === "aws:ssm/parameter:Parameter" && RECORDS.test(name)) return op !== "delete";
  return op === "update" && properties.length > 0 && properties.every((one) => one === "__provider");
}

function toChange({ op, uncertain, type, name, inside, properties }: PreviewStep): ResourceChange {
  return {
    op: op as ResourceChange["op"],
    uncertain,
    type: nameFor(type.split(":").at(-1) ?? type),
    name: nameFor(name),
    component: nameFor(inside.at(-1)?.split(":").at(-1) ?? "Stack"),
    properties: properties.filter((one) => one !== "__provider"),
  };
}
