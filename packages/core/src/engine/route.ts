import { RedressError } from '../model/errors.js';
import type { Finding } from '../model/finding.js';
import { GLOBAL_REGION, partitionOf, type ResourceRef, resource } from '../model/resource.js';
import { mappedRule, matchesRule } from '../policy/config-rule.js';
import type { Policy } from '../policy/policy.js';
import type { Remediator } from '../remediator/define.js';

const ACCOUNT = 'AWS::::Account';

/** A finding's way to one resource: the remediators asked, narrow before wide. */
interface Route {
  readonly resource: ResourceRef;
  /** Ids under which the finding names the resource. */
  readonly ids: readonly string[];
  readonly remediator: Remediator;
}

/** The remediators and resources of a finding; `reason` says why there are none. */
export interface Routing {
  readonly routes: readonly Route[];
  readonly reason: string;
}

/**
 * Which remediators handle a finding, and for which resources.
 *
 * A finding selects remediators, never the change. What cannot be a resource (an empty ID, an invalid account) is not routed.
 */
export function route(finding: Finding, remediators: readonly Remediator[], policy: Policy): Routing {
  if (finding.disposition !== 'candidate' && finding.disposition !== 'resolved')
    return { routes: [], reason: finding.reason === '' ? `Nothing to remediate (${finding.disposition}).` : finding.reason };
  const routes: Route[] = [];
  const problems: string[] = [];
  for (const remediator of [...remediators].sort((a, b) => a.breadth - b.breadth || (a.id < b.id ? -1 : 1))) {
    if (finding.disposition === 'resolved' && !remediator.whenResolved) continue;
    for (const claim of claims(finding, remediator, policy)) {
      try {
        const ref = resourceOf(remediator, claim, { account: finding.account ?? '', region: finding.region });
        if (!routes.some((known) => known.remediator === remediator && known.resource.type === ref.type && known.resource.id === ref.id))
          routes.push({ resource: ref, ids: [claim.id], remediator });
      } catch (error) {
        if (!(error instanceof RedressError)) throw error;
        problems.push(error.message);
      }
    }
  }
  if (routes.length > 0) return { routes, reason: '' };
  return {
    routes,
    reason: problems[0] ?? (finding.disposition === 'resolved' ? 'The source says that the gap is closed.' : whyNobody(finding, remediators, policy)),
  };
}

/** The identifier of the managed rule that a finding is of, where Config was asked for it. */
export function identifierOf(finding: Finding): string | null {
  const identifier = finding.extra['ruleIdentifier'];
  return typeof identifier === 'string' ? identifier : null;
}

/** The remediators that read a recorded call. */
export function readersOf({ call }: Pick<Finding, 'call'>, remediators: readonly Remediator[]): readonly Remediator[] {
  return call === null ? [] : remediators.filter((each) => Object.hasOwn(each.apiCalls, `${call.service}:${call.operation}`));
}

/** Whether a remediator is asked by a Config rule of that name. */
function isAskedBy(remediator: Pick<Remediator, 'configRules'>, finding: Finding, policy: Pick<Policy, 'configRules'>): boolean {
  const { configRule } = finding;
  return configRule !== null && remediator.configRules.some((rule) => matchesRule(rule, configRule, policy, identifierOf(finding)));
}

/** Which rule, control or call it is that nobody is asked about, why, and what would change that. */
function whyNobody(finding: Finding, remediators: readonly Remediator[], policy: Policy): string {
  const { call, configRule, controls } = finding;
  if (finding.kind === 'tag-change') return `None of the tags that changed is the exception tag ${policy.exceptions.tag}.`;
  if (finding.kind === 'automation-status') return `No remediator here starts the runbook ${String(finding.extra['document'] ?? 'that ended')}.`;
  if (call !== null) {
    const name = `${call.service}:${call.operation}`;
    const readers = readersOf(finding, remediators).map(({ id }) => id);
    return readers.length === 0
      ? `No remediator handles the call ${name}.`
      : `The call ${name} contains nothing that ${readers.join(', ')} ${readers.length === 1 ? 'looks' : 'look'} for.`;
  }
  const types = [...new Set(finding.resources.map(({ type }) => type))];
  const asked = remediators.filter((each) => isAsked(each, finding, policy));
  const about = types.length === 0 ? 'no resource that can be identified' : types.join(', ');
  if (asked.length > 0) return `${asked.map(({ id }) => id).join(', ')}: asked about ${about}, but only for ${typesOf(asked).join(', ')}.`;
  const named = [...(configRule === null ? [] : [`the Config rule ${configRule}`]), ...(controls.length === 0 ? [] : [`the control ${controls.join(', ')}`])];
  const what = named.length === 0 ? `a ${finding.kind} about ${about}` : named.join(', ');
  if (configRule === null) return `No remediator handles ${what}.`;
  const mapped = mappedRule(configRule, policy);
  if (mapped !== null && mapped.length > 1)
    return `No remediator handles ${what}: patterns in configRules of the policy take it for ${mapped.join(' and for ')}. Give the name itself an entry.`;
  const known = mapped?.[0] ?? identifierOf(finding);
  if (known !== null) return `No remediator handles ${what}: it is ${known}, which none of them covers.`;
  const fitting = [...new Set(remediators.filter((each) => each.resourceTypes.some((type) => types.includes(type))).flatMap((each) => each.configRules))];
  const identifiers = fitting.filter((rule) => /^[A-Z0-9_]+$/.test(rule));
  return identifiers.length === 0
    ? `No remediator handles ${what}, or ${about}.`
    : `No remediator handles ${what}: what it checks is not known. If it is one of ${identifiers.join(', ')}, add to the policy: configRules: { ${JSON.stringify(configRule)}: ${identifiers[0]} }; a \`*\` in the name is any text.`;
}

function typesOf(remediators: readonly Remediator[]): readonly string[] {
  return [...new Set(remediators.flatMap((each) => each.resourceTypes))];
}

function isAsked(remediator: Remediator, finding: Finding, policy: Policy): boolean {
  return finding.controls.some((control) => remediator.controls.some((each) => matchesControl(each, control))) || isAskedBy(remediator, finding, policy);
}

/**
 * The resource that a claim means to a remediator: one without a region has the one name whatever region speaks of it.
 *
 * @throws {RedressError} `resource/invalid`
 */
export function resourceOf(
  remediator: Pick<Remediator, 'global'>,
  claim: { readonly type: string; readonly id: string; readonly region?: string },
  where: { readonly account: string; readonly region: string | null },
): ResourceRef {
  const region = remediator.global ? GLOBAL_REGION : (claim.region ?? where.region ?? '');
  return resource({ type: claim.type, id: claim.id, account: where.account, region, partition: partitionOf(where.region ?? region) });
}

function* claims(finding: Finding, remediator: Remediator, policy: Policy): Generator<{ type: string; id: string; region?: string }> {
  if (finding.kind === 'api-call') {
    if (finding.call === null || finding.account === null || finding.region === null) return;
    const name = `${finding.call.service}:${finding.call.operation}`;
    const reader = Object.hasOwn(remediator.apiCalls, name) ? remediator.apiCalls[name] : undefined;
    if (reader === undefined) return;
    for (const each of reader({ ...finding.call, account: finding.account, region: finding.region, actor: finding.actor })) {
      yield { type: each.type ?? remediator.resourceTypes[0] ?? '', id: each.id, ...(each.region === undefined ? {} : { region: each.region }) };
    }
    return;
  }
  if (finding.kind === 'automation-status') {
    // Which resource it was for is in its parameters, which the event does not have: the remediator reads them to identify it.
    const { document, automationExecutionId } = finding.extra;
    if (remediator.runbook === undefined || remediator.runbook.document !== document || typeof automationExecutionId !== 'string') return;
    yield { type: remediator.resourceTypes[0] ?? '', id: `automation-execution/${automationExecutionId}` };
    return;
  }
  if (finding.kind === 'tag-change') {
    // Only the exception tag says anything about what may be done.
    const wanted = policy.exceptions.tag.toLowerCase();
    const keys = finding.extra['changedTagKeys'];
    if (!Array.isArray(keys) || !keys.some((key) => typeof key === 'string' && key.toLowerCase() === wanted)) return;
    for (const claim of finding.resources) if (remediator.resourceTypes.includes(claim.type)) yield claim;
    return;
  }
  const found = finding.controls.some((control) => isFoundBy(remediator, control));
  // Another tool has a resource of its own for a setting of the account (`…:volume` without an id, a password policy); of an account there is one.
  if (found && finding.account !== null && remediator.resourceTypes.includes(ACCOUNT)) {
    yield { type: ACCOUNT, id: finding.account };
    return;
  }
  if (!found && !isAsked(remediator, finding, policy)) return;
  for (const claim of finding.resources) {
    if (remediator.resourceTypes.includes(claim.type))
      yield { type: claim.type, id: claim.id, ...(claim.region === undefined || claim.region === '' ? {} : { region: claim.region }) };
  }
}

/** Whether a check of another tool, `prowler/CHECK`, is one of those that find the same gap. */
function isFoundBy({ alsoFoundBy = {} }: Remediator, control: string): boolean {
  return Object.entries(alsoFoundBy).some(([tool, checks]) => checks.some((check) => control === `${tool}/${check}`));
}

/** A control id as findings name it: `EC2.13` of the Foundational Best Practices, else `<framework>/<id>`. */
function matchesControl(ref: { readonly framework: string; readonly id: string }, control: string): boolean {
  return ref.framework === 'aws-fsbp' ? control === ref.id : control === `${ref.framework}/${ref.id}`;
}
