import type { HandlerContext, Handlers } from "./handlers";
import { lookUp, ownHeaders } from "./upstream";

interface ValidationOption {
  readonly ResourceRecord?: { readonly Name: string; readonly Type: string; readonly Value: string };
  ValidationStatus?: string;
}

interface Certificate {
  readonly Type?: string;
  Status?: string;
  DomainValidationOptions?: ValidationOption[];
}

/** ACM: a requested certificate is issued when its validation records stand in Route 53, not after a while. */
export const acmHandlers: Handlers = {
  "acm:DescribeCertificate": {
    correct: async (_call, answer, context) => {
      const body = JSON.parse(answer.toString("utf8")) as { Certificate: Certificate };
      await setTrueStatus(body.Certificate, context);
      return Buffer.from(JSON.stringify(body));
    },
  },
};

/** Status of a certificate as DescribeCertificate says it; undefined when there is none. */
export async function certificateState(arn: string, context: HandlerContext): Promise<string | undefined> {
  const answer = await lookUp(context.upstreams.moto, {
    headers: ownHeaders("acm", "CertificateManager.DescribeCertificate"),
    body: JSON.stringify({ CertificateArn: arn }),
  });
  if (answer.status !== 200) return undefined;
  const { Certificate } = JSON.parse(answer.body.toString("utf8")) as { Certificate: Certificate };
  await setTrueStatus(Certificate, context);
  return Certificate.Status;
}

async function setTrueStatus(certificate: Certificate, context: HandlerContext): Promise<void> {
  if (certificate.Type === "IMPORTED" || !certificate.DomainValidationOptions) return;
  const records = await cnameRecords(context);
  for (const option of certificate.DomainValidationOptions) {
    const { Name = "", Value = "" } = option.ResourceRecord ?? {};
    option.ValidationStatus = records.get(withoutDot(Name)) === withoutDot(Value) ? "SUCCESS" : "PENDING_VALIDATION";
  }
  const all = certificate.DomainValidationOptions.every(({ ValidationStatus }) => ValidationStatus === "SUCCESS");
  certificate.Status = all ? "ISSUED" : "PENDING_VALIDATION";
}

/** CNAME records of all hosted zones, name → value, without final dots. */
async function cnameRecords({ upstreams }: HandlerContext): Promise<ReadonlyMap<string, string>> {
  const get = async (path: string) => {
    const answer = await lookUp(upstreams.ministack, { method: "GET", path, headers: ownHeaders("route53") });
    return answer.body.toString("utf8");
  };
  const zones = [...(await get("/2013-04-01/hostedzone")).matchAll(/<Id>\/hostedzone\/([^<]+)<\/Id>/g)];
  const records = new Map<string, string>();
  for (const [, id] of zones) {
    const sets = (await get(`/2013-04-01/hostedzone/${id}/rrset`)).matchAll(
      /<ResourceRecordSet>(.*?)<\/ResourceRecordSet>/gs,
    );
    for (const [, set = ""] of sets) {
      const tag = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(set)?.[1] ?? "";
      if (tag("Type") === "CNAME") records.set(withoutDot(tag("Name")), withoutDot(tag("Value")));
    }
  }
  return records;
}

const withoutDot = (name: string): string => name.replace(/\.$/, "").toLowerCase();
