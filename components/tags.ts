import { STACK_TAG } from "@cutover/domain/stack-record";
import type * as pulumi from "@pulumi/pulumi";

/** Types of `@pulumi/aws` that this program declares and AWS lets carry tags. */
export const TAGGED: ReadonlySet<string> = new Set([
  "aws:acm/certificate:Certificate",
  "aws:cloudwatch/compositeAlarm:CompositeAlarm",
  "aws:cloudwatch/eventRule:EventRule",
  "aws:cloudwatch/logGroup:LogGroup",
  "aws:cloudwatch/metricAlarm:MetricAlarm",
  "aws:ec2/eip:Eip",
  "aws:ec2/internetGateway:InternetGateway",
  "aws:ec2/natGateway:NatGateway",
  "aws:ec2/routeTable:RouteTable",
  "aws:ec2/securityGroup:SecurityGroup",
  "aws:ec2/subnet:Subnet",
  "aws:ec2/vpc:Vpc",
  "aws:ecs/cluster:Cluster",
  "aws:ecs/service:Service",
  "aws:ecs/taskDefinition:TaskDefinition",
  "aws:iam/role:Role",
  "aws:lambda/function:Function",
  "aws:lb/listener:Listener",
  "aws:lb/listenerRule:ListenerRule",
  "aws:lb/loadBalancer:LoadBalancer",
  "aws:lb/targetGroup:TargetGroup",
  "aws:s3/bucket:Bucket",
  "aws:secretsmanager/secret:Secret",
  "aws:sns/topic:Topic",
  "aws:sqs/queue:Queue",
  "aws:ssm/parameter:Parameter",
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
]);

/**
 * Gives every taggable child the stack's tag. Done by the program and not by `aws:defaultTags`, so that no stack can
 * forget the setting; what the setting adds comes beside it, and a resource's own tags win.
 */
export function stackTags(stack: string): pulumi.ResourceTransformation {
  return ({ type, props, opts }) => {
    if (!TAGGED.has(type)) return undefined;
    return { props: { ...props, tags: { [STACK_TAG]: stack, ...props.tags } }, opts };
  };
}
