import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openedEvent, revokeOpenRules, Widgets } from '../../../tests/support/widgets.js';
import { command } from '../test/support/command.js';
import type { ReplayDocument } from './commands/replay.js';

const START = Date.parse('2026-11-20T10:00:00Z');
const policy = (mode: string, more = '') =>
  `version: 1\nenvironments:\n  dev:\n    accounts: ["111111111111"]\nremediators:\n  widget-revoke-open: { dev: ${mode} }\n${more}`;

let directory: string;
let widgets: Widgets;
let time: number;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-cli-'));
  widgets = new Widgets();
  time = START;
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});
const file = (name: string, content: string | object) => writeFileSync(join(directory, name), typeof content === 'string' ? content : JSON.stringify(content));
/** Everything in the folder, byte by byte, but for the index. */
const bytes = (below = directory): string[] =>
  readdirSync(below, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !entry.name.includes('sqlite'))
    .map((entry) => `${entry.name} ${readFileSync(join(entry.parentPath, entry.name), 'base64')}`)
    .sort();

async function redress(argv: readonly string[], stdin: readonly string[] = []) {
  const clock = { now: () => time, sleep: async (milliseconds: number) => void (time += milliseconds) };
  return command(argv, directory, { remediators: [revokeOpenRules], connect: widgets.connect, clock }, stdin);
}
const replayed = async (...argv: string[]) => JSON.parse((await redress(['replay', ...argv, '--json'])).out) as ReplayDocument;

/** Three events that were told about, one that was fixed, and one that nobody ever saw. */
async function past(): Promise<void> {
  file('redress.yaml', policy('notify'));
  const events = ['w1', 'w2', 'w3'].map((id) => openedEvent(id, 'open-1', time - 60_000));
  for (const id of ['w1', 'w2', 'w3', 'w4']) widgets.put(id, ['open-1'], id === 'w2' ? { team: 'vendor' } : {});
  for (const [index, event] of events.entries()) file(`event-${index}.json`, event);
  await redress(['run', 'event-0.json', 'event-1.json', 'event-2.json']);
  file('redress.yaml', policy('enforce'));
  const fourth = openedEvent('w4', 'open-1', time - 60_000);
  file('event-3.json', fourth);
  await redress(['run', 'event-3.json']);
  file('events.jsonl', [...events, fourth, openedEvent('w9', 'open-1', time), { detail: 1 }].map((event) => JSON.stringify(event)).join('\n'));
}

describe('replay', () => {
  it("shows the result of today's policy for past events, and changes nothing", async () => {
    await past();
    const [calls, before] = [widgets.calls.length, bytes()];
    const document = await replayed('events.jsonl');
    expect(document).toMatchObject({ documents: 6, findings: 6, counted: { rejected: 1 }, left: 0, against: null, problems: [] });
    expect(document.verdicts).toEqual([
      { verdict: 'would-fix', code: 'planned', count: 4 },
      { verdict: 'undecidable', code: 'not-recorded', count: 1 },
    ]);
    expect(document.passes[0]).toMatchObject({
      file: 'events.jsonl',
      line: 1,
      at: new Date(START).toISOString(),
      remediator: 'widget-revoke-open',
      resource: { id: 'w1' },
      verdict: 'would-fix',
      changes: ['revoke open-1'],
    });
    expect(document.passes.at(-1)).toMatchObject({ resource: { id: 'w9' }, at: null, message: 'undecidable: state not recorded' });
    expect([widgets.calls.length, bytes()]).toEqual([calls, before]);
  });

  it('shows what differs under another policy, with its own exceptions', async () => {
    await past();
    file('exceptions.yaml', '- id: EXC-1\n  scope: { tag: "team=vendor" }\n  reason: r\n  owner: a\n  approver: b\n  expires: "2026-12-31T00:00:00Z"\n');
    file('other.yaml', policy('approve', 'exceptions: { register: exceptions.yaml }\n'));
    const { against } = await replayed('events.jsonl', '--against', 'other.yaml');
    expect(against).toMatchObject({ policySource: { kind: 'file', file: 'other.yaml' }, left: 0 });
    expect(against?.differences).toEqual([
      { from: 'would-fix', to: 'needs-approval', count: 3 },
      { from: 'would-fix', to: 'exempt', count: 1 },
    ]);
    expect(against?.passes.find((pass) => pass.resource.id === 'w2')?.to).toMatchObject({ verdict: 'exempt', code: 'exception' });
    const { out } = await redress(['replay', 'events.jsonl', '--against', 'other.yaml']);
    expect(out).toContain('would be fixed → exempt');
    expect(out).toContain('Under other.yaml 4 outcomes differ:');
    expect((await replayed('events.jsonl', '--against', 'redress.yaml')).against?.differences).toEqual([]);
  });

  it('lists as many as requested, and counts all', async () => {
    await past();
    file('none.yaml', policy('off'));
    const document = await replayed('events.jsonl', '--most', '2', '--against', 'none.yaml');
    expect([document.passes.length, document.left, document.against?.passes.length, document.against?.left]).toEqual([2, 3, 2, 3]);
  });

  it('reads standard input as a stream', async () => {
    await past();
    const { out } = await redress(['replay', '-', '--json'], ['{"det', 'ail":1}\n', JSON.stringify(openedEvent('w1', 'open-1', START - 60_000)), '\n']);
    expect(JSON.parse(out)).toMatchObject({ documents: 2, counted: { rejected: 1 }, passes: [{ resource: { id: 'w1' }, verdict: 'would-fix' }] });
  });

  it('without a journal has no state, and reports that', async () => {
    file('redress.yaml', policy('enforce'));
    file('event.json', openedEvent('w1', 'open-1', START));
    const { out, err, exit } = await redress(['replay', 'event.json']);
    expect([exit, err]).toEqual([0, 'There is no journal in .redress, so no state is known, and most findings are undecidable.\n']);
    expect(out).toContain('undecidable: state not recorded');
    expect(readdirSync(directory).sort()).toEqual(['event.json', 'redress.yaml']);
  });

  it('continues after an unreadable input, and reports it', async () => {
    await past();
    file('bad.jsonl', `${JSON.stringify(openedEvent('w1', 'open-1', START - 60_000))}\n{\n`);
    const { out, exit } = await redress(['replay', 'bad.jsonl', '--json']);
    expect([exit, JSON.parse(out)]).toMatchObject([
      1,
      { problems: [expect.stringMatching(/^bad\.jsonl:2: It is not JSON/)], passes: [{ verdict: 'would-fix' }] },
    ]);
  });

  it('refuses another policy and a number that are not valid', async () => {
    file('event.json', openedEvent('w1', 'open-1', START));
    file('bad.yaml', policy('enforced'));
    expect(await redress(['replay', 'event.json', '--against', 'bad.yaml'])).toMatchObject({ exit: 2, err: expect.stringContaining('bad.yaml:6') });
    expect(await redress(['replay', 'event.json', '--most', 'x'])).toMatchObject({ exit: 2, err: expect.stringContaining('--most "x"') });
  });
});
