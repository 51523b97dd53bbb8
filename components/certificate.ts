import * as acm from "@pulumi/aws/acm";
import * as route53 from "@pulumi/aws/route53";
import * as pulumi from "@pulumi/pulumi";

export interface CertificateArgs {
  /** Public name of the front door. */
  readonly domain: string;
  /** A certificate that exists. With it nothing is made here. */
  readonly certificateArn?: string;
  /** Zone in which a new certificate is validated. */
  readonly hostedZoneId?: string;
}

/** The front door's certificate: the one given, or a new one, validated in the hosted zone. */
export class Certificate extends pulumi.ComponentResource {
  /** ARN of a certificate that is issued. */
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: CertificateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("cutover:index:Certificate", name, { domain: args.domain }, opts);
    this.arn = args.certificateArn
      ? pulumi.output(args.certificateArn)
      : this.issued(name, args.domain, args.hostedZoneId ?? "");
    this.registerOutputs({ arn: this.arn });
  }

  private issued(name: string, domain: string, zoneId: string): pulumi.Output<string> {
    const certificate = new acm.Certificate(
      name,
      { domainName: domain, validationMethod: "DNS", tags: { Name: name } },
      { parent: this },
    );
    const option = certificate.domainValidationOptions.apply((options) => {
      const first = options[0];
      if (!first) throw new pulumi.ResourceError(`ACM names no validation record for ${domain}`, this, true);
      return first;
    });
    const record = new route53.Record(
      `${name}-validation`,
      {
        zoneId,
        name: option.resourceRecordName,
        type: option.resourceRecordType,
        records: [option.resourceRecordValue],
        ttl: 60,
        allowOverwrite: true,
      },
      { parent: this },
    );
    return new acm.CertificateValidation(
      name,
      { certificateArn: certificate.arn, validationRecordFqdns: [record.fqdn] },
      { parent: this },
    ).certificateArn;
  }
}
