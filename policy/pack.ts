import { STACK_TAG } from "@cutover/domain/stack-record";
import {
  PolicyPack,
  type ReportViolation as Report,
  type ResourceValidationArgs as ResourceArgs,
  type StackValidationArgs as StackArgs,
} from "@pulumi/policy";
import { declared } from "./adapter";
import { type ResourceRule, resourceRules, stackRules } from "./catalog";

const REQUIRED_TAGS = {
  properties: {
    required: {
      type: "array" as const,
      items: { type: "string" as const },
      default: [STACK_TAG],
      description: "Keys of the tags that must be there, on the resource or by aws:defaultTags.",
    },
  },
};

/** The SDK asks each rule about each resource, and unpacks it for each, unless the function says which type it is about. */
function validation({ about, check }: ResourceRule) {
  const judge = (args: ResourceArgs, report: Report): void => {
    if (!about.includes(args.type)) return;
    for (const message of check(declared(args), args.getConfig<Record<string, unknown>>())) report(message);
  };
  // The mark of validateResourceOfType, which wants a class of @pulumi/aws: loading that takes longer than all checks.
  return about.length === 1 ? Object.assign(judge, { __pulumiType: about[0] }) : judge;
}

/**
 * The policy pack: `pulumi preview --policy-pack policy`. Everything is mandatory; a level is changed, and a policy given its
 * settings, by a file (`--policy-pack-config`), see docs/ci.md.
 */
new PolicyPack("cutover", {
  description: "What must hold for every change to a Cutover stack",
  enforcementLevel: "mandatory",
  policies: [
    ...resourceRules.map((rule) => ({
      name: rule.name,
      description: rule.wants,
      severity: rule.severity,
      ...(rule.name === "required-tags" ? { configSchema: REQUIRED_TAGS } : {}),
      validateResource: validation(rule),
    })),
    ...stackRules.map(({ name, wants, severity, check }) => ({
      name,
      description: wants,
      severity,
      validateStack: (args: StackArgs, report: Report) => {
        const urns = new Map(args.resources.map((resource) => [declared(resource), resource.urn]));
        for (const { message, about } of check([...urns.keys()])) report(message, about && urns.get(about));
      },
    })),
  ],
});
