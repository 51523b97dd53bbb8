import { readStackRecord } from "@cutover/clients/record/stack-record";
import { AWS_REGION } from "../aws/emulators";
import type { LoadBalancer } from "../loadbalancer/balancer";
import type { CustomerCounts } from "./share";
import type { Stage } from "./stage";

/** The target groups that carry customers' messages and nothing else. */
export interface CustomerGroups {
  /** Empty once Node is removed. */
  readonly node: string;
  readonly python: string;
  /** Where messages are held. */
  readonly inbox: string;
}

/** Their ARNs, from the manifest that the stack wrote into SSM. */
export async function readCustomerGroups({ stack, aws }: Stage): Promise<CustomerGroups> {
  const { manifest } = await readStackRecord(stack, { region: AWS_REGION }, aws.ssm);
  if (!manifest) throw new Error(`SSM holds no manifest of stack ${stack}`);
  const { nodeCustomer: node = "", pythonCustomer: python, inbox = "" } = manifest.targetGroups;
  return { node, python, inbox };
}

/** Requests each of them got so far. */
export function customerCounts({ metrics }: LoadBalancer, groups: CustomerGroups): CustomerCounts {
  return {
    node: metrics.targetGroup(groups.node).RequestCount,
    python: metrics.targetGroup(groups.python).RequestCount,
  };
}
