import { openPorts, publicTasks } from "./checks/exposure";
import {
  archiveProtected,
  frontDoor,
  logRetention,
  messagesKept,
  requiredTags,
  safeDeployment,
} from "./checks/keeping";
import type { ResourceCheck, StackCheck } from "./checks/model";
import { leastPrivilege } from "./checks/rights";
import { nodeUntilDecommission, weightsAsRecorded } from "./checks/safety-net";
import { plainSecrets } from "./checks/secrets";
import { leastOutstanding, ruleOwnership, shareOnLadder, tls, weights } from "./checks/traffic";
import { triggersArmed } from "./checks/trigger-set";
import { alarmArmed, topicKey } from "./checks/triggers";

/** A policy without the engine: its name in reports and settings, what it wants, and the check. */
export interface Rule<Check> {
  readonly name: string;
  /** What must hold, as one sentence. */
  readonly wants: string;
  readonly severity: "medium" | "high" | "critical";
  readonly check: Check;
}

/** Judged for each resource before it is touched: an `up` stops there, and nothing of it has changed. */
export const resourceRules: readonly Rule<ResourceCheck>[] = [
  {
    name: "weights-are-percent",
    wants: "The weights of a rule are whole percent, sum to 100 and are not sticky.",
    severity: "critical",
    check: weights,
  },
  {
    name: "python-share-on-ladder",
    wants: "Python's share is that of a phase of the ladder, or lower.",
    severity: "critical",
    check: shareOnLadder,
  },
  {
    name: "rules-have-one-owner",
    wants: "Updates write the weights always, and the kill switch never.",
    severity: "critical",
    check: ruleOwnership,
  },
  {
    name: "alarms-armed",
    wants: "Alarms act, say what missing data means, and are not looser than the plan.",
    severity: "critical",
    check: alarmArmed,
  },
  {
    name: "alarm-topic-key",
    wants: "No topic is encrypted with alias/aws/sns, to which alarms can't publish.",
    severity: "critical",
    check: topicKey,
  },
  {
    name: "least-outstanding-requests",
    wants: "Target groups give the next request to the task with the fewest, without slow start.",
    severity: "high",
    check: leastOutstanding,
  },
  { name: "modern-tls", wants: "Customers come by TLS 1.2 or newer only.", severity: "high", check: tls },
  {
    name: "no-plain-secrets",
    wants: "No secret stands in a container's or function's environment or in a String parameter.",
    severity: "critical",
    check: plainSecrets,
  },
  {
    name: "no-public-tasks",
    wants: "Tasks and functions have no public address.",
    severity: "high",
    check: publicTasks,
  },
  {
    name: "no-open-ports",
    wants: "Only 443 and 80 of the load balancer are open to the world.",
    severity: "high",
    check: openPorts,
  },
  {
    name: "least-privilege",
    wants: "Policies name actions and resources; no service may act for strangers.",
    severity: "high",
    check: leastPrivilege,
  },
  { name: "log-retention", wants: "Logs are kept a set number of days.", severity: "medium", check: logRetention },
  {
    name: "messages-kept",
    wants: "Queues with customers' messages are encrypted and keep them as long as SQS can.",
    severity: "high",
    check: messagesKept,
  },
  {
    name: "archive-protected",
    wants: "The archive of Node's code is private, versioned and locked.",
    severity: "high",
    check: archiveProtected,
  },
  {
    name: "safe-deployment",
    wants: "Services are replaced without losing capacity and go back by themselves.",
    severity: "high",
    check: safeDeployment,
  },
  {
    name: "front-door",
    wants: "The load balancer drops malformed headers and does not wait for hanging backends.",
    severity: "medium",
    check: frontDoor,
  },
  {
    name: "required-tags",
    wants: "What costs money carries the tags that the setting `required` names.",
    severity: "medium",
    check: requiredTags,
  },
];

/** Judged at the end, over everything: in a preview before anything happens, in an `up` after it. */
export const stackRules: readonly Rule<StackCheck>[] = [
  {
    name: "node-until-decommission",
    wants: "Node, its capacity and the kill switch stay until decommission, which archives Node.",
    severity: "critical",
    check: nodeUntilDecommission,
  },
  {
    name: "weights-as-recorded",
    wants: "The weighted rule carries the share that the update records.",
    severity: "critical",
    check: weightsAsRecorded,
  },
  {
    name: "triggers-armed",
    wants:
      "Every trigger is the generated one and reaches the rollback function, which runs each minute and may move the rule.",
    severity: "critical",
    check: triggersArmed,
  },
];
