/**
 * Where AWS is, as the stack's configuration says. Everything that calls AWS besides Pulumi's provider gets it: the SDK's
 * own defaults may name another account or region, where nothing would be found and nothing would look wrong.
 */
export interface AwsPlace {
  readonly region: string;
  /** Profile of the shared configuration; the SDK's default chain without it. */
  readonly profile?: string;
}
