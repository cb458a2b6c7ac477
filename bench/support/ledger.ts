// A large ledger of ninety days: records that a journal in memory has accepted, written like a journal in a folder.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, digestOf, type JsonObject, type ResourceRef, resource } from '@redress/core';
import { memoryJournal } from '@redress/evidence';

const START = Date.parse('2026-07-01T00:00:00Z');
const PER_STREAM = 48;
const GUARDRAILS = 20;

/** Results of guardrails, as long as those of the engine. */
const guardrails = Array.from({ length: GUARDRAILS }, (_, at) => ({
  ...{ guardrail: `guardrail-${at}`, effect: 'allow', code: 'allowed', message: 'Nothing stands against it, as far as this guardrail can see.' },
}));
const body = (more: JsonObject): JsonObject => ({
  ...{ message: 'revoke the rule that lets everybody in', guardrails, policy: digestOf('policy'), register: digestOf('register') },
  trigger: { by: 'finding', source: 'cloudtrail', kind: 'api-call', observedAt: new Date(START).toISOString(), actor: 'arn:aws:iam::111111111111:user/alice' },
  ...more,
});

/** Records that a journal has accepted, in a folder. */
export async function makeLedger(directory: string, records: number, fixes: number): Promise<void> {
  writeFileSync(join(directory, 'FORMAT'), 'redress-evidence/1\n');
  let time = START;
  const step = Math.floor((90 * 86_400_000) / records);
  const journal = memoryJournal({ clock: { now: () => (time += step) } });
  let left = fixes;
  for (let made = 0, number = 0; made < records; number++) {
    const ref = resource({ type: 'AWS::EC2::SecurityGroup', id: `sg-${number}`, account: '111111111111', region: 'us-east-1' });
    const of = { resource: ref, remediator: `remediator-${number % 20}` };
    const fixing = Math.min(left, Math.ceil((fixes * PER_STREAM) / records));
    for (let at = 0; at < fixing; at++) await fix(journal, of, `${number}-${at}`);
    left -= fixing;
    for (let at = fixing * 3; at < PER_STREAM; at++) {
      // For one resource in ten the last gap stays open.
      const isOpen = at % 2 === 0 || (at === PER_STREAM - 1 && number % 10 === 0);
      const gap = isOpen ? { key: `g-${at}`, state: 's', subjects: [`rule-${at}`] } : { over: [`g-${at - 1}`] };
      await journal.append({ kind: 'decision', ...of, body: body({ outcome: isOpen ? 'notified' : 'no-op', gap }) });
    }
    made += PER_STREAM;
    await written(journal, ref, directory);
  }
}

async function fix(
  journal: ReturnType<typeof memoryJournal>,
  of: { readonly resource: ResourceRef; readonly remediator: string },
  name: string,
): Promise<void> {
  const rules = (open: boolean) => ({
    rules: Array.from({ length: 12 }, (_, at) => ({ id: `sgr-${name}-${at}`, port: 443 + at, cidr: open && at === 3 ? '0.0.0.0/0' : '10.0.0.0/8' })),
  });
  const { generation } = await journal.view(of.resource);
  const asked = { ...of, planDigest: digestOf(name), generation, budgets: [], lease: 60_000, documents: { before: rules(true) } };
  const begun = await journal.begin({ ...asked, body: body({ purpose: 'fix', subjects: [name], terms: { version: '1.0.0', parameters: 'p', drill: false } }) });
  if (begun.status !== 'begun') throw new Error(`It was not begun: ${begun.status}`);
  const { lease } = begun;
  const call = {
    service: 'ec2',
    operation: 'RevokeSecurityGroupIngress',
    status: 'done',
    requestId: crypto.randomUUID(),
    caller: 'arn:aws:sts::111111111111:assumed-role/R/x',
  };
  await journal.append({ kind: 'call', ...of, lease, body: { call } });
  await journal.finish({
    ...of,
    lease,
    outcome: 'remediated',
    sent: 1,
    body: { message: 'revoked', open: [], verified: 'verified' },
    documents: { after: rules(false) },
  });
}

async function written(journal: ReturnType<typeof memoryJournal>, ref: ResourceRef, directory: string): Promise<void> {
  const lines: string[] = [];
  let stream = '';
  for await (const { record, digest, documents, stream: of } of journal.read({ resource: ref })) {
    stream = of.slice('sha256:'.length);
    lines.push(`${digest} ${canonicalJson(record)}\n`);
    for (const [name, document] of Object.entries(documents)) {
      const hex = String(record.blobs[name]).slice('sha256:'.length);
      mkdirSync(join(directory, 'blobs', hex.slice(0, 2)), { recursive: true });
      writeFileSync(join(directory, 'blobs', hex.slice(0, 2), `${hex}.json`), canonicalJson(document));
    }
  }
  mkdirSync(join(directory, 'streams', stream.slice(0, 2)), { recursive: true });
  writeFileSync(join(directory, 'streams', stream.slice(0, 2), `${stream}.jsonl`), lines.join(''));
}
