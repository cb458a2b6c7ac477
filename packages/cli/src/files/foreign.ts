/** How a file that is not JSON begins, and what it then is, with its article. The narrow before the wide. */
const MAGIC: readonly (readonly [hex: string, name: string])[] = [
  ['504b0304', 'a ZIP archive'],
  ['504b0506', 'an empty ZIP archive'],
  ['50415231', 'a Parquet file'],
  ['4f626a01', 'an Avro file'],
  ['4f5243', 'an ORC file'],
  ['425a68', 'a bzip2 archive'],
  ['fd377a585a00', 'an xz archive'],
  ['28b52ffd', 'a Zstandard archive'],
  ['25504446', 'a PDF'],
  ['53514c69746520666f726d6174203300', 'a SQLite database'],
  ['1f8b', 'gzip within gzip'],
];

const TEXTS: readonly (readonly [is: RegExp, name: string])[] = [
  [/^(?:version|account-id|interface-id|srcaddr)\b.*\b(?:srcaddr|dstaddr|interface-id|flow-direction)\b/, 'a VPC flow log'],
  [/^(?:\d+|-) (?:\d{12}|-|unknown) (?:eni-[0-9a-f]+|-) /, 'a VPC flow log'],
  [/^[0-9a-f]{64} \S+ \[\d{2}\/[A-Z][a-z]{2}\/\d{4}:/, 'a server access log of S3'],
  [/^(?:https?|h2|wss?|grpcs?) \d{4}-\d\d-\d\dT\S+ \S+\/\S+ /, 'an access log of a load balancer'],
  [/^tls \d\.\d \d{4}-\d\d-\d\dT\S+ /, 'an access log of a load balancer'],
  [/^\d{4}-\d\d-\d\dT\S+Z \S+ \d{1,3}(?:\.\d{1,3}){3}:\d+ /, 'an access log of a load balancer'],
  [/^#Version: 1\.0/, 'an access log of CloudFront'],
  [/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z /, 'a log whose lines are not JSON'],
  [/^user,arn,user_creation_time,/, 'a credential report of IAM'],
  [/^"?identity\/LineItemId/, 'a Cost and Usage Report'],
  [/^"?AUTH_METHOD"?;/, 'a CSV of Prowler (-M json-ocsf or json-asff is read)'],
  [/^(?:---|%YAML)/, 'YAML'],
  [/^(?:AWSTemplateFormatVersion|Resources|Transform):/, 'a CloudFormation template'],
  [/^(?:apiVersion|kind):/, 'a Kubernetes manifest'],
  [/^(?:terraform|provider|resource|module|variable|data|locals)\s+(?:"[^"]+"\s+){0,2}\{/, 'Terraform code'],
  [/^<(?:!doctype\s+html|html)/i, 'a web page'],
  [/^</, 'XML'],
];

/** What the beginning of a file says that it is; null when that is not known, or when it may be JSON. */
export function foreignFile(head: Uint8Array): string | null {
  const hex = Buffer.from(head.subarray(0, 16)).toString('hex');
  const magic = MAGIC.find(([bytes]) => hex.startsWith(bytes));
  if (magic !== undefined) return magic[1];
  const text = Buffer.from(head)
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart();
  // Parts of a log that CloudWatch Logs exported, of a trail: the time, and then a record.
  if (/^[{["]/.test(text) || EXPORTED.test(text)) return null;
  return TEXTS.find(([is]) => is.test(text))?.[1] ?? null;
}

/** A line that CloudWatch Logs exported to S3: when it was written, and what. */
export const EXPORTED: RegExp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z (?=\{)/;

/** What AWS and operating systems add to a folder. It is not a mistake of the person who names the folder. */
const COMPANIONS = /^(?:\..*|ConfigWritabilityCheckFile|aws-logs-write-test|Thumbs\.db|desktop\.ini)$/;

/** Whether a file in a folder is none of those that the folder is named for. */
export function isCompanion(name: string): boolean {
  return COMPANIONS.test(name);
}
