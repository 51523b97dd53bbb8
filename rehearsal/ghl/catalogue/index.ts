import { ANSWERS } from "./answers";
import { CONNECTION } from "./connection";
import { DESTROY } from "./destroy";
import { ODD_VALUES, PEOPLE } from "./people";
import { ROLLBACK } from "./rollback";
import type { Scenario } from "./scenario";
import { SECRET } from "./secret";
import { STEPS } from "./steps";
import { TOKEN_CASES } from "./tokens";
import { WHICH } from "./which";

/** Every failure mode of the custom-values API that we know of, and every rule about whose value it is, by topic. */
export const CATALOGUE: readonly { readonly topic: string; readonly scenarios: readonly Scenario[] }[] = [
  { topic: "GHL answers otherwise than it should", scenarios: ANSWERS },
  { topic: "The connection breaks", scenarios: CONNECTION },
  { topic: "Tokens", scenarios: TOKEN_CASES },
  { topic: "People change the value", scenarios: PEOPLE },
  { topic: "Which value is meant, and where it may point", scenarios: WHICH },
  { topic: "Odd values", scenarios: ODD_VALUES },
  { topic: "Destroy, and kill -9", scenarios: DESTROY },
  { topic: "The webhook's secret", scenarios: SECRET },
  { topic: "Rollback and release", scenarios: ROLLBACK },
  { topic: "Rotation, a step edited by hand, and the header before the first share", scenarios: STEPS },
];
