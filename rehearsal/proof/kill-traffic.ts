import type { Affinity } from "@cutover/domain/affinity";
import { type PhaseName, phaseOf } from "@cutover/domain/phases";
import { frontDoorUrl } from "@cutover/domain/webhook";
import { readCustomerGroups } from "../story/customer-groups";
import { switchInForce, weightInForce } from "../story/kill-switch";
import { isAccepted } from "../story/ledger";
import type { Stage } from "../story/stage";
import type { Traffic } from "../story/traffic";
import type { ProofScene } from "./world";

/** Phases in which GoHighLevel points at Node itself. */
const AT_NODE: readonly PhaseName[] = ["prepare", "node-only"];

/**
 * Whether customers' messages go where this phase wants them, as the load balancer obeys it and as GoHighLevel has it.
 * @returns what is not so, a sentence each
 */
export async function trafficProblems(
  { stage, traffic }: Pick<ProofScene, "stage" | "traffic">,
  phase: PhaseName,
  affinity: Affinity,
): Promise<readonly string[]> {
  if (phaseOf(phase).node === "removed") return withoutNode(stage, traffic);
  const groups = await readCustomerGroups(stage);
  const { pythonShare } = phaseOf(phase);
  const byContact = affinity === "contact";
  const share = byContact ? await askedShare(traffic) : (weightInForce(stage.balancer, groups) ?? 0);
  const slack = byContact ? SLACK : 0;
  const killSwitch = switchInForce(stage.balancer, groups) ?? "unclear";
  const wanted = AT_NODE.includes(phase) ? stage.urlAsFound : frontDoorUrl({ domain: stage.domain });
  const webhook = stage.ghl.valueOf(stage.webhookValue);
  return [
    ...(Math.abs(share - pythonShare) <= slack
      ? []
      : [`Python gets ${share} %, expected ${pythonShare} % in ${phase}`]),
    ...(killSwitch === "off" ? [] : [`the kill switch is "${killSwitch}", expected "off"`]),
    ...(webhook === wanted ? [] : [`GoHighLevel holds ${webhook ?? "no webhook"}, expected ${wanted}`]),
  ];
}

/** Messages that show who answers: where there is no split any more, and where the share is one of contacts, not of a rule's weight. */
const [ASKED, ASKED_FOR_SHARE] = [50, 400];
/** Percent points by which the share of so few contacts may be off. */
const SLACK = 10;

async function askedShare(traffic: Traffic): Promise<number> {
  const answered = await traffic.atFrontDoor(ASKED_FOR_SHARE);
  return (100 * answered.filter(({ servedBy }) => servedBy === "python").length) / answered.length;
}

async function withoutNode(stage: Stage, traffic: Traffic): Promise<readonly string[]> {
  const answered = await traffic.atFrontDoor(ASKED);
  const byPython = answered.filter((message) => message.servedBy === "python" && isAccepted(message)).length;
  const webhook = stage.ghl.valueOf(stage.webhookValue);
  const wanted = frontDoorUrl({ domain: stage.domain });
  return [
    ...(byPython === ASKED ? [] : [`Python answered ${byPython} of ${ASKED} messages to the front door`]),
    ...(webhook === wanted ? [] : [`GoHighLevel holds ${webhook ?? "no webhook"}, expected ${wanted}`]),
  ];
}
