import { openPorts, publicTasks } from "./checks/exposure";
import {
  archiveProtected,
  frontDoor,
  logRetention,
  messagesKept,
  OWNED,
  requiredTags,
  safeDeployment,
} from "./checks/keeping";
import type { ResourceCheck, StackCheck } from "./checks/model";
import { leastPrivilege } from "./checks/rights";
import { rulesInOrder } from "./checks/rule-order";
import { nodeUntilDecommission, weightsAsRecorded } from "./checks/safety-net";
import { plainSecrets } from "./checks/secrets";
import { leastOutstanding, ruleOwnership, shareOnLadder, tls, weights } from "./checks/traffic";
import { triggersArmed } from "./checks/trigger-set";
import { alarmArmed, topicKey } from "./checks/triggers";
import { TYPES } from "./checks/types";

/** A policy without the engine: its name in reports and settings, what it wants, and the check. */
export interface Rule<Check> {
  readonly name: string;
  /** What must hold, as one sentence. */
  readonly wants: string;
  readonly severity: "medium" | "high" | "critical";
  readonly check: Check;
}

/** A policy for single resources. */
export interface ResourceRule extends Rule<ResourceCheck> {
  /** Type tokens of the only resources that the check can object to: all others need not be unpacked for it. */
  readonly about: readonly string[];
}

/** Judged for each resource before it is touched: an `up` stops there, and nothing of it has changed. */
export const resourceRules: readonly ResourceRule[] = [
  {
    name: "weights-are-percent",
    wants: "The weights of a rule are whole percent, sum to 100 and are not sticky.",
    severity: "critical",
    about: [TYPES.listener, TYPES.listenerRule],
    check: weights,
  },
  {
    name: "python-share-on-ladder",
    wants: "Python's share is that of a phase of the ladder, or lower.",
    severity: "critical",
    about: [TYPES.parameter],
    check: shareOnLadder,
  },
  {
    name: "rules-have-one-owner",
    wants: "Updates write the weights always, and the kill switch never.",
    severity: "critical",
    about: [TYPES.listenerRule],
    check: ruleOwnership,
  },
  {
    name: "alarms-armed",
    wants: "Alarms act, say what missing data means, and are not looser than the plan.",
    severity: "critical",
    about: [TYPES.metricAlarm, TYPES.compositeAlarm],
    check: alarmArmed,
  },
  {
    name: "alarm-topic-key",
    wants: "No topic is encrypted with alias/aws/sns, to which alarms can't publish.",
    severity: "critical",
    about: [TYPES.topic],
    check: topicKey,
  },
  {
    name: "least-outstanding-requests",
    wants: "Target groups give the next request to the task with the fewest, without slow start.",
    severity: "high",
    about: [TYPES.targetGroup],
    check: leastOutstanding,
  },
  {
    name: "modern-tls",
    wants: "Customers come by TLS 1.2 or newer only.",
    severity: "high",
    about: [TYPES.listener],
    check: tls,
  },
  {
    name: "no-plain-secrets",
    wants: "No secret stands in a container's or function's environment or in a String parameter.",
    severity: "critical",
    about: [TYPES.taskDefinition, TYPES.function, TYPES.parameter],
    check: plainSecrets,
  },
  {
    name: "no-public-tasks",
    wants: "Tasks and functions have no public address.",
    severity: "high",
    about: [TYPES.service, TYPES.subnet, TYPES.functionUrl],
    check: publicTasks,
  },
  {
    name: "no-open-ports",
    wants: "Only 443 and 80 of the load balancer are open to the world.",
    severity: "high",
    about: [TYPES.ingressRule, TYPES.securityGroupRule, TYPES.securityGroup],
    check: openPorts,
  },
  {
    name: "least-privilege",
    wants: "Policies name actions and resources; no service may act for strangers.",
    severity: "high",
    about: [
      TYPES.rolePolicy,
      TYPES.policy,
      TYPES.rolePolicyAttachment,
      TYPES.role,
      TYPES.topicPolicy,
      TYPES.functionPermission,
    ],
    check: leastPrivilege,
  },
  {
    name: "log-retention",
    wants: "Logs are kept a set number of days.",
    severity: "medium",
    about: [TYPES.logGroup],
    check: logRetention,
  },
  {
    name: "messages-kept",
    wants: "Queues with customers' messages are encrypted and keep them as long as SQS can.",
    severity: "high",
    about: [TYPES.queue],
    check: messagesKept,
  },
  {
    name: "archive-protected",
    wants: "The archive of Node's code is private, versioned and locked.",
    severity: "high",
    about: [TYPES.bucket, TYPES.bucketVersioning, TYPES.bucketLock, TYPES.bucketPublicAccess],
    check: archiveProtected,
  },
  {
    name: "safe-deployment",
    wants: "Services are replaced without losing capacity and go back by themselves.",
    severity: "high",
    about: [TYPES.service],
    check: safeDeployment,
  },
  {
    name: "front-door",
    wants: "The load balancer drops malformed headers and does not wait for hanging backends.",
    severity: "medium",
    about: [TYPES.loadBalancer],
    check: frontDoor,
  },
  {
    name: "required-tags",
    wants: "What costs money carries the tags that the setting `required` names.",
    severity: "medium",
    about: OWNED,
    check: requiredTags,
  },
];

/** Judged at the end, over everything: in a preview before anything happens, in an `up` after it. */
export const stackRules: readonly Rule<StackCheck>[] = [
  {
    name: "node-until-decommission",
    wants: "Node, its capacity and the kill switch stay until decommission, which archives Node in a protected bucket.",
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
    name: "rules-in-order",
    wants: "The kill switch comes before the rules that take customers' messages; no rule unknown to the program does.",
    severity: "critical",
    check: rulesInOrder,
  },
  {
    name: "triggers-armed",
    wants:
      "Every trigger is the generated one and reaches the rollback function, which runs each minute and may move the rule.",
    severity: "critical",
    check: triggersArmed,
  },
];
