/**
 * Your own rules in CEL, the Common Expression Language: `rules` of a policy.
 *
 * @packageDocumentation
 * @see https://cel.dev
 */
import { Environment } from '@marcbachmann/cel-js';
import { defineGuardrail, EFFECTS, type Facts, type Guardrail } from './guardrails/guardrail.js';
import { messageOf } from './model/errors.js';
import { namesOfType } from './model/resource.js';
import { environmentOf } from './policy/policy.js';
import type { Tags } from './remediator/define.js';

type Compiled = { readonly ok: true; matches(context: Record<string, unknown>): boolean } | { readonly ok: false; readonly error: string };

/** What a rule can speak of, and what each has. */
const VARIABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  resource: { type: 'string', id: 'string', account: 'string', region: 'string', partition: 'string', environment: 'string', tags: 'map<string, string>' },
  remediator: { id: 'string', version: 'string', ceiling: 'string' },
  trigger: { by: 'string', source: 'string', kind: 'string', actor: 'string' },
  plan: { operations: 'list<string>', subjects: 'list<string>', hazards: 'list<string>' },
};

const environment = Object.entries(VARIABLES).reduce(
  (made, [name, schema]) => made.registerVariable({ name, schema }),
  new Environment({ limits: { maxAstNodes: 1000, maxDepth: 50 } }).registerVariable('now', 'google.protobuf.Timestamp'),
);

const compiled = new Map<string, Compiled>();

function compile(when: string): Compiled {
  const known = compiled.get(when);
  if (known !== undefined) return known;
  const made = compileAnew(when);
  compiled.set(when, made);
  return made;
}

function compileAnew(when: string): Compiled {
  // A tag that is missing reads as an empty text, so that a rule about a tag says something of every resource; then it is always "there".
  if (/\bin\s+resource\s*\.\s*tags\b|\bhas\s*\(\s*resource\s*\.\s*tags\b/.test(when))
    return { ok: false, error: 'a tag that is missing is an empty text here: compare it, resource.tags["key"] != ""' };
  const checked = environment.check(when);
  if (!checked.valid) return { ok: false, error: explained(when, checked.error) };
  if (checked.type !== 'bool') return { ok: false, error: `it is ${String(checked.type)}, not true or false` };
  const expression = environment.parse(when);
  return { ok: true, matches: (context) => expression(context) === true };
}

const firstLine = (text: string) => text.split('\n', 1).join('');

/** What is wrong, where, and what is allowed there. */
function explained(when: string, error: unknown): string {
  const said = firstLine(messageOf(error));
  const { code, node } = error as { readonly code?: unknown; readonly node?: { readonly pos?: unknown; readonly start?: unknown } };
  if (typeof node?.pos !== 'number') return said;
  const before = when.slice(0, node.pos).split('\n');
  const line = before.length === 1 ? '' : `line ${before.length}, `;
  const allowed =
    code === 'unknown_variable'
      ? [...Object.keys(VARIABLES), 'now']
      : code === 'no_such_key' && typeof node.start === 'number'
        ? Object.keys(VARIABLES[when.slice(node.start, node.pos).replace(/[\s.]+$/, '')] ?? {})
        : [];
  return `${said} (${line}column ${(before.at(-1) ?? '').length + 1})${allowed.length === 0 ? '' : `; allowed: ${allowed.join(', ')}`}`;
}

function tagsOf(tags: Tags): Map<string, string> {
  const map = new Map(Object.entries(tags));
  const get = map.get.bind(map);
  map.get = (key) => get(key) ?? '';
  return map;
}

function contextOf(facts: Omit<Facts, 'policy' | 'observation'>, type: string, where: string, tags: Map<string, string>): Record<string, unknown> {
  const { resource, remediator, trigger, changes, hazards } = facts;
  const finding = trigger.by === 'finding' ? trigger.finding : null;
  return {
    resource: {
      type,
      id: resource.id,
      account: resource.account,
      region: resource.region,
      partition: resource.partition,
      environment: where,
      tags,
    },
    remediator: { id: remediator.id, version: remediator.version, ceiling: remediator.ceiling },
    trigger: { by: trigger.by, source: finding?.source ?? '', kind: finding?.kind ?? '', actor: finding?.actor?.arn ?? '' },
    plan: {
      operations: changes.map(({ call }) => `${call.service}:${call.operation}`),
      subjects: changes.flatMap(({ subject }) => (subject === undefined ? [] : [subject])),
      hazards: hazards.map(({ code }) => code),
    },
    now: new Date(facts.now),
  };
}

/**
 * The guardrail that evaluates the `rules` of a policy. A rule restricts if its `when` is true. A rule that cannot be evaluated denies.
 *
 * A rule can use `resource` (type, id, account, region, partition, environment, tags), `remediator` (id, version, ceiling), `trigger` (by, source,
 * kind, actor), `plan` (operations, subjects, hazards) and `now`. Rules are checked together with the policy: an unknown name, or a comparison of
 * incompatible types, is a mistake in the policy. A rule is evaluated with the tags of the resource as `resource.tags`, and again with those of each
 * resource that uses it, and if AWS has several names for the type, with each as `resource.type`. It restricts if it is true for any of them.
 *
 * @example createRedress({ …, policy, guardrails: [celRules()] });
 * // rules: [{ when: 'resource.tags["criticality"] == "high"', effect: approve, because: crown jewels }]
 */
export function celRules(): Guardrail {
  const guardrail = defineGuardrail({
    id: 'rules',
    needs: ['policy', 'observation'],
    evaluate: ({ policy, observation, ...facts }) => {
      if (policy.rules.length === 0) return { effect: 'allow', code: 'no-rules', message: 'The policy has no rules of its own.' };
      const { tags, usedBy = [] } = observation === 'gone' ? { tags: {} } : observation;
      const own = tags === 'untaggable' ? {} : tags;
      const where = environmentOf(policy, facts.resource.account)?.name ?? '';
      // What uses the resource is hit by a change as the resource is: one that a rule is about is enough, and none hides another's tags.
      const tagged = [own, ...usedBy.map((each) => ({ ...own, ...each.tags }))];
      // Nor does one of AWS's names for a type hide what a rule says of another.
      const contexts = namesOfType(facts.resource.type).flatMap((type) => tagged.map((each) => contextOf(facts, type, where, tagsOf(each))));
      const matching = policy.rules.filter(({ when }) => {
        const rule = compile(when);
        if (!rule.ok) throw new TypeError(`the rule ${when} cannot be read: ${rule.error}`);
        return contexts.some((each) => rule.matches(each));
      });
      const worst = matching.reduce<(typeof matching)[number] | null>(
        (found, rule) => (found === null || EFFECTS.indexOf(rule.effect) > EFFECTS.indexOf(found.effect) ? rule : found),
        null,
      );
      if (worst === null) return { effect: 'allow', code: 'no-rule', message: 'No rule of the policy restricts it.' };
      return {
        effect: worst.effect,
        code: 'rule',
        message: matching.map(({ because, when }) => `${because} (${when}).`).join(' '),
        data: { rules: matching.map(({ when }) => when) },
      };
    },
  });
  return {
    ...guardrail,
    check: (policy) =>
      policy.rules.flatMap(({ when }, index) => {
        const rule = compile(when);
        return rule.ok ? [] : [{ path: ['rules', index, 'when'], message: rule.error }];
      }),
  };
}
