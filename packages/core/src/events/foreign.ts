import { isRecord } from '../model/json.js';

/** The kind of a JSON document that has no events. */
export interface Foreign {
  /** With its article: `a Terraform state`. */
  readonly name: string;
  /** AWS stores it next to the events, so giving it is not a mistake. */
  readonly companion: boolean;
}

type Members = Readonly<Record<string, unknown>>;

const has =
  (...members: readonly string[]) =>
  (body: Members) =>
    members.every((member) => body[member] !== undefined);
const both =
  (...tests: readonly ((body: Members) => boolean)[]) =>
  (body: Members) =>
    tests.every((test) => test(body));
const list = (member: string) => (body: Members) => Array.isArray(body[member]);

// Documents that people have next to their events, recognized by members that no event has; the narrow before the wide.
const KNOWN: readonly (readonly [is: (body: Members) => boolean, name: string, companion?: true])[] = [
  [has('digestStartTime', 'digestEndTime', 'logFiles'), 'a CloudTrail digest', true],
  [both(has('lineage', 'serial'), (body) => body.version !== undefined), 'a Terraform state'],
  [both(has('format_version', 'terraform_version'), (body) => body.planned_values !== undefined || body.resource_changes !== undefined), 'a Terraform plan'],
  [has('format_version', 'provider_schemas'), 'a list of Terraform provider schemas'],
  [has('AWSTemplateFormatVersion'), 'a CloudFormation template'],
  [(body) => isRecord(body.Resources) && Object.values(body.Resources).some(isTemplateResource), 'a CloudFormation template'],
  [both(has('Statement'), (body) => body.Version !== undefined || Array.isArray(body.Statement)), 'an IAM policy'],
  [both(list('runs'), (body) => body.version !== undefined || body.$schema !== undefined), 'a SARIF report'],
  [has('SchemaVersion', 'ArtifactName', 'ArtifactType'), 'a Trivy report'],
  [both(has('check_type', 'results'), (body) => isRecord(body.results)), 'a Checkov report'],
  [has('webaclId', 'httpRequest'), 'a WAF log'],
  [has('query_name', 'query_type', 'srcaddr'), 'a Route 53 Resolver query log'],
  [has('firewall_name', 'event_timestamp'), 'a Network Firewall log'],
  [both(has('account_id', 'interface_id', 'srcaddr'), (body) => body.action !== undefined), 'a VPC flow log'],
  [list('ComplianceByConfigRules'), 'a list of rules by compliance, without resources (get-compliance-details-by-config-rule does)'],
  [list('ComplianceByResources'), 'a list of resources by compliance, without rules (get-compliance-details-by-resource does)'],
  [list('ConfigRules'), 'a list of Config rules'],
  [list('SecurityGroups'), 'a list of security groups'],
  [list('SecurityGroupRules'), 'a list of security group rules'],
  [list('Buckets'), 'a list of buckets'],
  [list('StackEvents'), 'a list of CloudFormation events'],
  [both(has('Arn', 'Service', 'Resource', 'Type'), (body) => isRecord(body.Service)), 'a finding as the GuardDuty API returns it'],
  [has('apiVersion', 'kind', 'metadata'), 'a Kubernetes manifest'],
  [has('lockfileVersion', 'packages'), 'an npm lock file'],
  [both(has('bomFormat'), (body) => body.specVersion !== undefined), 'a CycloneDX bill of materials'],
];

function isTemplateResource(value: unknown): boolean {
  return isRecord(value) && typeof value.Type === 'string' && /^(?:AWS|Custom)::/.test(value.Type);
}

/** The kind of a document that is not an event; null if it is unknown. */
export function foreign(body: Members): Foreign | null {
  const found = KNOWN.find(([is]) => is(body));
  return found === undefined ? null : { name: found[1], companion: found[2] === true };
}
