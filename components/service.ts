import * as appautoscaling from "@pulumi/aws/appautoscaling";
import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as ecs from "@pulumi/aws/ecs";
import * as iam from "@pulumi/aws/iam";
import type * as lb from "@pulumi/aws/lb";
import * as pulumi from "@pulumi/pulumi";
import { containerDefinitions, type SecretReference } from "./container-definitions";

/** Seconds a task gets between SIGTERM and SIGKILL: the most Fargate allows, for the slowest message. */
const STOP_TIMEOUT_SECONDS = 120;
/** Days that logs are kept: twice the plan's ten days and a bit. */
const LOG_RETENTION_DAYS = 30;

export interface ServiceArgs {
  readonly stack: string;
  readonly engine: "node" | "python";
  readonly clusterArn: pulumi.Input<string>;
  readonly clusterName: pulumi.Input<string>;
  readonly region: string;
  readonly image: string;
  readonly port: number;
  readonly cpu: number;
  readonly memory: number;
  readonly hardened: boolean;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly SecretReference[];
  /** Secrets the execution role may read. */
  readonly secretArns: readonly pulumi.Output<string>[];
  readonly subnetIds: readonly pulumi.Input<string>[];
  readonly securityGroupId: pulumi.Input<string>;
  /** Every target group the tasks are registered in. */
  readonly targetGroups: readonly lb.TargetGroup[];
  /** Tasks that must run at the least; the autoscaling minimum. */
  readonly minimumTasks: number;
  /** Tasks that may run at the most. */
  readonly maximumTasks: number;
}

export interface ServiceOptions extends pulumi.ComponentResourceOptions {
  /** What must be done before the service itself is touched: rules that attach its groups, migrations. */
  readonly serviceDependsOn: readonly pulumi.Resource[];
  /** What must be done before the minimum changes: the weight, on the way down. */
  readonly capacityDependsOn: readonly pulumi.Resource[];
}

/** One application on Fargate: used once for Node and once for Python. */
export class Service extends pulumi.ComponentResource {
  readonly serviceName: pulumi.Output<string>;
  readonly logs: cloudwatch.LogGroup;
  readonly service: ecs.Service;
  readonly taskDefinitionArn: pulumi.Output<string>;
  readonly capacity: appautoscaling.Target;

  readonly #name: string;
  readonly #args: ServiceArgs;

  constructor(name: string, args: ServiceArgs, options: ServiceOptions) {
    const { serviceDependsOn, capacityDependsOn, ...opts } = options;
    super("cutover:index:Service", name, { engine: args.engine, image: args.image }, opts);
    this.#name = name;
    this.#args = args;
    this.logs = this.logGroup();
    const task = this.taskDefinition(this.logs, this.executionRole(this.logs));
    this.service = this.ecsService(task, serviceDependsOn);
    this.capacity = this.autoscaling(capacityDependsOn);
    this.taskDefinitionArn = task.arn;
    this.serviceName = this.service.name;
    this.registerOutputs({ serviceName: this.serviceName, logGroupName: this.logs.name });
  }

  private logGroup(): cloudwatch.LogGroup {
    return new cloudwatch.LogGroup(
      `${this.#name}-logs`,
      { name: `/cutover/${this.#args.stack}/${this.#args.engine}`, retentionInDays: LOG_RETENTION_DAYS },
      { parent: this },
    );
  }

  /** What ECS itself may do to start a task: pull the image, read these secrets, write these logs. */
  private executionRole(logs: cloudwatch.LogGroup): iam.Role {
    const role = new iam.Role(
      `${this.#name}-execution`,
      {
        name: `cutover-${this.#args.stack}-${this.#args.engine}-execution`,
        assumeRolePolicy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" }],
        }),
      },
      { parent: this },
    );
    new iam.RolePolicy(
      `${this.#name}-execution`,
      {
        name: "start-task",
        role: role.id,
        policy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [
            { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: [...this.#args.secretArns] },
            {
              Effect: "Allow",
              Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
              Resource: pulumi.interpolate`${logs.arn}:*`,
            },
            {
              Effect: "Allow",
              Action: [
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchGetImage",
              ],
              Resource: "*",
            },
          ],
        }),
      },
      { parent: this },
    );
    return role;
  }

  private taskDefinition(logs: cloudwatch.LogGroup, role: iam.Role): ecs.TaskDefinition {
    const { engine, image, port, environment, region, hardened } = this.#args;
    const references = pulumi.all(this.#args.secrets.map(({ name, valueFrom }) => pulumi.output({ name, valueFrom })));
    return new ecs.TaskDefinition(
      `${this.#name}-task`,
      {
        family: `cutover-${this.#args.stack}-${engine}`,
        requiresCompatibilities: ["FARGATE"],
        networkMode: "awsvpc",
        cpu: String(this.#args.cpu),
        memory: String(this.#args.memory),
        executionRoleArn: role.arn,
        ...(hardened ? { volumes: [{ name: "tmp" }] } : {}),
        containerDefinitions: pulumi.all([references, logs.name]).apply(([secrets, logGroup]) =>
          containerDefinitions({
            name: engine,
            image,
            port,
            environment,
            secrets,
            logGroup,
            region,
            hardened,
            stopTimeout: STOP_TIMEOUT_SECONDS,
          }),
        ),
      },
      { parent: this },
    );
  }

  private ecsService(task: ecs.TaskDefinition, dependsOn: readonly pulumi.Resource[]): ecs.Service {
    return new ecs.Service(
      `${this.#name}-service`,
      {
        name: this.#args.engine,
        cluster: this.#args.clusterArn,
        taskDefinition: task.arn,
        desiredCount: this.#args.minimumTasks,
        launchType: "FARGATE",
        networkConfiguration: {
          subnets: [...this.#args.subnetIds],
          securityGroups: [this.#args.securityGroupId],
          assignPublicIp: false,
        },
        loadBalancers: this.#args.targetGroups.map((group) => ({
          targetGroupArn: group.arn,
          containerName: this.#args.engine,
          containerPort: this.#args.port,
        })),
        deploymentMinimumHealthyPercent: 100,
        deploymentMaximumPercent: 200,
        deploymentCircuitBreaker: { enable: true, rollback: true },
        // Half a vCPU takes a while to load langgraph; a task killed for being slow to start would never start.
        healthCheckGracePeriodSeconds: 120,
        // Off by default at AWS: an update would go on with tasks that never start.
        waitForSteadyState: true,
        propagateTags: "SERVICE",
      },
      // After creation the number of tasks belongs to autoscaling; a declared number would fight it.
      { parent: this, dependsOn: [...dependsOn], ignoreChanges: ["desiredCount"] },
    );
  }

  private autoscaling(dependsOn: readonly pulumi.Resource[]): appautoscaling.Target {
    const target = new appautoscaling.Target(
      `${this.#name}-capacity`,
      {
        serviceNamespace: "ecs",
        scalableDimension: "ecs:service:DesiredCount",
        resourceId: pulumi.interpolate`service/${this.#args.clusterName}/${this.service.name}`,
        minCapacity: this.#args.minimumTasks,
        maxCapacity: Math.max(this.#args.maximumTasks, this.#args.minimumTasks),
      },
      { parent: this, dependsOn: [...dependsOn] },
    );
    new appautoscaling.Policy(
      `${this.#name}-cpu`,
      {
        name: `${this.#args.engine}-cpu`,
        policyType: "TargetTrackingScaling",
        serviceNamespace: target.serviceNamespace,
        scalableDimension: target.scalableDimension,
        resourceId: target.resourceId,
        targetTrackingScalingPolicyConfiguration: {
          predefinedMetricSpecification: { predefinedMetricType: "ECSServiceAverageCPUUtilization" },
          targetValue: 60,
          scaleInCooldown: 300,
          scaleOutCooldown: 60,
        },
      },
      { parent: this },
    );
    return target;
  }
}
