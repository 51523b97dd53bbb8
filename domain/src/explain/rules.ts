import { nameFor, numberIn } from "./allowed";
import type { PlannedChange } from "./change";
import { danger, type Headline } from "./headline";
import type { Preview, PreviewStep } from "./preview";

/** The kinds under which providers' versions know a rule of a load balancer. */
const RULE = /^aws:(lb|alb|elasticloadbalancingv2|applicationloadbalancing)\/listenerRule:ListenerRule$/;

/** Logical names of the rules that the program declares (components/traffic.ts). */
const OURS = /^traffic-(probe-(python|node|inbox)|kill-switch|hold|pinned|split|split-contact|unmatched|anchor)$/;

/** Rules that a rollback opens: to Node, and without Node to the inbox. */
const SWITCH = /^traffic-(kill-switch|hold)$/;

/** Rules whose conditions hold the webhook's secret, which a rotation changes. */
const SPLIT = /^traffic-split(-contact)?$/;

/** Places of the kill switch and of the weighted rule: a rule before them gets its requests first. */
const SWITCH_PRIORITY = 30;
const SPLIT_PRIORITY = 50;

/** Rules of the load balancer that come in, or change, otherwise than by a share: they decide who answers, too. */
export function ofRules(preview: Preview, change: PlannedChange): Headline[] {
  const rules = preview.steps.filter(({ type }) => RULE.test(type));
  return rules.flatMap((step): Headline[] => {
    if (step.op === "create") return change.before === undefined || OURS.test(step.name) ? [] : [strange(step)];
    if (step.op !== "update") return [];
    if (SWITCH.test(step.name)) return ofSwitch(step);
    return OURS.test(step.name) ? ofOurs(step, preview, change) : ofStrange(step);
  });
}

function strange({ name, new: made }: PreviewStep): Headline {
  const priority = numberIn(made?.inputs.priority);
  return danger(
    "rule",
    `Adds the listener rule \`${nameFor(name)}\`, which is none of the program's: ${place(priority)}.`,
  );
}

/** What it means to ask before or after the program's own rules. */
function place(priority: number | undefined): string {
  if (priority === undefined)
    return "its place among the rules is not known, so it may take messages past share and rollback";
  const at = `with priority ${priority} it is asked`;
  if (priority < SWITCH_PRIORITY) return `${at} before the kill switch, and no rollback moves the messages it takes`;
  if (priority < SPLIT_PRIORITY)
    return `${at} before the split, and the share does not count for the messages it takes`;
  return `${at} after the split, and takes what no rule before it does`;
}

function ofSwitch(step: PreviewStep): Headline[] {
  const touched = among(step, ["conditions", "actions", "priority"]);
  if (touched.length === 0) return [];
  const text = `Writes the kill switch's own rule (${touched.join(", ")}): only a rollback may do that.`;
  return [danger("kill-switch", text)];
}

/** Actions of ours are shares, or follow a target group that is told for itself. */
function ofOurs(step: PreviewStep, preview: Preview, change: PlannedChange): Headline[] {
  const touched = among(step, ["conditions", "priority"]).filter(
    (one) => one === "priority" || !(SPLIT.test(step.name) && followsFromMore(step.name, preview, change)),
  );
  if (touched.length === 0) return [];
  const text = `Changes which requests the listener rule \`${step.name}\` takes (${touched.join(", ")}); no share and no new secret asks for that.`;
  return [danger("rule", text)];
}

function ofStrange(step: PreviewStep): Headline[] {
  const touched = among(step, ["conditions", "actions", "priority"]);
  if (touched.length === 0) return [];
  const text = `Changes the listener rule \`${nameFor(step.name)}\` (${touched.join(", ")}), which is none of the program's: ${place(numberIn(step.new?.inputs.priority))}.`;
  return [danger("rule", text)];
}

/** A new generation of the secret changes both rules; another share by contact the expression of the contacts' one. */
function followsFromMore(name: string, { steps }: Preview, { before, after }: PlannedChange): boolean {
  const rotates = steps.some(({ type, op }) => op !== "same" && /:SecretRotation$/.test(type));
  const contacts = name === "traffic-split-contact" && before?.share !== after?.share;
  return rotates || contacts;
}

function among({ properties }: PreviewStep, names: readonly string[]): string[] {
  return properties.filter((one) => names.includes(one));
}
