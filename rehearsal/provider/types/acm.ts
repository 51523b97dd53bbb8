import type { CertificateDetail } from "@aws-sdk/client-acm";
import { found } from "../errors";
import { defined, type Json } from "../json";
import type { Change, Context, Registry, ResourceType } from "../resource-type";
import { COMPUTED, FIXED, KEY, obj, REPLACE, set, str, tags } from "../schema";
import { must, tagMap } from "./ec2-common";
import { asOneOf, elbTags } from "./elb-common";

async function findCertificate(ctx: Context, arn: string): Promise<CertificateDetail | undefined> {
  return (await found(ctx.aws.acm.describeCertificate({ CertificateArn: arn })))?.Certificate;
}

async function retag(ctx: Context, CertificateArn: string, change: Change): Promise<void> {
  const { set: added, remove } = change.tags;
  if (remove.length > 0) {
    await ctx.aws.acm.removeTagsFromCertificate({ CertificateArn, Tags: remove.map((Key) => ({ Key })) });
  }
  const Tags = elbTags(added);
  if (Tags) await ctx.aws.acm.addTagsToCertificate({ CertificateArn, Tags });
}

/** DNS records that prove who owns the names; a name and its wildcard share one. */
function validationOptions(certificate: CertificateDetail): Json[] {
  return (certificate.DomainValidationOptions ?? []).map((option) =>
    defined({
      domainName: option.DomainName,
      resourceRecordName: option.ResourceRecord?.Name,
      resourceRecordType: option.ResourceRecord?.Type,
      resourceRecordValue: option.ResourceRecord?.Value,
    }),
  );
}

const Certificate: ResourceType = {
  inputs: {
    domainName: str(FIXED),
    subjectAlternativeNames: set(str(), FIXED),
    validationMethod: str(FIXED),
    keyAlgorithm: str(FIXED),
    options: obj({ certificateTransparencyLoggingPreference: str(COMPUTED), export: str(COMPUTED) }, COMPUTED),
    certificateBody: str({ local: true, replace: true }),
    certificateChain: str({ local: true, replace: true }),
    privateKey: str({ local: true, replace: true }),
    tags: tags(),
  },
  outputs: [
    "arn",
    "domainValidationOptions",
    "status",
    "type",
    "notBefore",
    "notAfter",
    "pendingRenewal",
    "renewalEligibility",
  ],
  momentary: ["status", "notBefore", "notAfter", "pendingRenewal", "renewalEligibility"],
  async create(ctx, a) {
    const Tags = elbTags(a.map("tags"));
    const body = a.str("certificateBody");
    if (body) {
      const chain = a.str("certificateChain");
      const made = await ctx.aws.acm.importCertificate({
        Certificate: Buffer.from(body),
        PrivateKey: Buffer.from(a.need("privateKey")),
        ...(chain ? { CertificateChain: Buffer.from(chain) } : {}),
        Tags,
      });
      return must(made.CertificateArn, "a certificate ARN");
    }
    const made = await ctx.aws.acm.requestCertificate({
      DomainName: a.need("domainName"),
      SubjectAlternativeNames: a.someStrs("subjectAlternativeNames"),
      ValidationMethod: asOneOf(["DNS", "EMAIL"], a.str("validationMethod")),
      KeyAlgorithm: asOneOf(["RSA_2048", "EC_prime256v1", "EC_secp384r1"], a.str("keyAlgorithm")),
      Tags,
    });
    const arn = must(made.CertificateArn, "a certificate ARN");
    ctx.created(arn);
    await ctx.wait(`validation records of certificate ${arn}`, async () => {
      const options = (await findCertificate(ctx, arn))?.DomainValidationOptions ?? [];
      const complete = a.str("validationMethod") !== "DNS" || options.every((one) => one.ResourceRecord?.Name);
      return complete && options.length > 0 ? { done: true } : { pending: `${options.length} options` };
    });
    return arn;
  },
  async read(ctx, arn) {
    const certificate = await findCertificate(ctx, arn);
    if (!certificate) return undefined;
    const { Tags } = await ctx.aws.acm.listTagsForCertificate({ CertificateArn: arn });
    const names = certificate.SubjectAlternativeNames ?? [];
    return {
      domainName: certificate.DomainName,
      // AWS lists the domain itself among the alternative names; the real provider takes it out.
      subjectAlternativeNames: names.filter((name) => name !== certificate.DomainName),
      validationMethod: certificate.DomainValidationOptions?.[0]?.ValidationMethod,
      keyAlgorithm: certificate.KeyAlgorithm?.replaceAll("-", "_"),
      options: defined({
        certificateTransparencyLoggingPreference: certificate.Options?.CertificateTransparencyLoggingPreference,
      }),
      tags: tagMap(Tags),
      arn,
      domainValidationOptions: validationOptions(certificate),
      status: certificate.Status,
      type: certificate.Type,
      notBefore: certificate.NotBefore?.toISOString() ?? "",
      notAfter: certificate.NotAfter?.toISOString() ?? "",
      pendingRenewal: false,
      renewalEligibility: certificate.RenewalEligibility,
    };
  },
  async update(ctx, arn, change) {
    await retag(ctx, arn, change);
  },
  async delete(ctx, arn) {
    await ctx.aws.acm.deleteCertificate({ CertificateArn: arn });
  },
};

const CertificateValidation: ResourceType = {
  inputs: { certificateArn: str(KEY), validationRecordFqdns: set(str(), REPLACE) },
  async create(ctx, a) {
    const arn = a.need("certificateArn");
    return ctx.wait(`certificate ${arn} to be issued`, async () => {
      const certificate = await findCertificate(ctx, arn);
      if (!certificate) throw new Error(`certificate ${arn} does not exist`);
      if (certificate.Status === "FAILED" || certificate.Status === "VALIDATION_TIMED_OUT") {
        throw new Error(`certificate ${arn}: ${certificate.Status} ${certificate.FailureReason ?? ""}`.trimEnd());
      }
      if (certificate.Status !== "ISSUED") return { pending: `status ${certificate.Status}` };
      return { done: (certificate.IssuedAt ?? certificate.CreatedAt ?? new Date(0)).toISOString() };
    });
  },
  async read(ctx, _id, known) {
    const certificate = await findCertificate(ctx, known.need("certificateArn"));
    if (certificate?.Status !== "ISSUED") return undefined;
    return { certificateArn: certificate.CertificateArn, validationRecordFqdns: known.strs("validationRecordFqdns") };
  },
  async delete() {
    // Nothing in AWS belongs to it: it only waits.
  },
};

/** Certificates. */
export const ACM: Registry = {
  "aws:acm/certificate:Certificate": Certificate,
  "aws:acm/certificateValidation:CertificateValidation": CertificateValidation,
};
