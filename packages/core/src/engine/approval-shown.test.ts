import { expect, it } from 'vitest';
import { shownAs } from '../guardrails/approval.js';
import type { Approval, Journal } from '../journal.js';
import { resource } from '../model/resource.js';
import { approvalDocument, showApproval } from './approval-shown.js';

const REQUESTED = Date.parse('2026-11-24T10:00:00Z');
const DAY = 86_400_000;
const approval = {
  id: 'a-1',
  remediator: 'lamp-off',
  resource: resource({ type: 'AWS::Test::Lamp', id: 'l', account: '111111111111', region: 'eu-west-1' }),
  requestedAt: REQUESTED,
  expires: REQUESTED + 7 * DAY,
  verdict: 'none',
  by: null,
  discharges: [shownAs({ guardrail: 'freshness', effect: 'approve', code: 'not-fresh', message: '' })],
} as unknown as Approval;
const grace = (...sent: { notice: number; at: number }[]) =>
  ({ period: 2 * DAY, remind: [DAY], sent, sending: null, ended: null }) as unknown as Approval['grace'];
const rest = { id: 'a-1', remediator: 'lamp-off', resource: approval.resource, verdict: 'none', by: null, discharges: approval.discharges };

it('an approval shows its times as texts, and only those that it has', () => {
  const requested = { ...rest, requested: '2026-11-24T10:00:00.000Z', expires: '2026-12-01T10:00:00.000Z' };
  expect(approvalDocument(approval)).toEqual(requested);
  expect(Object.keys(approvalDocument(approval)).sort()).toEqual(['by', 'discharges', 'expires', 'id', 'remediator', 'requested', 'resource', 'verdict']);
  expect(approvalDocument({ ...approval, answeredAt: REQUESTED + DAY })).toEqual({ ...requested, answered: '2026-11-25T10:00:00.000Z' });
  expect(approvalDocument({ ...approval, grace: grace() } as Approval)).toEqual({ ...requested, grace: { ends: null, told: [] } });
  expect(approvalDocument({ ...approval, grace: grace({ notice: 0, at: REQUESTED }) } as Approval)).toEqual({
    ...requested,
    grace: { ends: '2026-11-26T10:00:00.000Z', told: ['2026-11-24T10:00:00.000Z'] },
  });
});

it('is shown with its plan, its reasons, and what no read can determine', async () => {
  const asked: unknown[] = [];
  const record = (kind: string, id: string, body: object, documents: object = {}) => ({ record: { kind, body: { approval: { id }, ...body } }, documents });
  const results = [
    { guardrail: 'freshness', effect: 'approve', code: 'not-fresh', message: 'Old.', more: 1 },
    { guardrail: 'mode', effect: 'allow', code: 'enforce', message: 'Yes.' },
  ];
  // Whoever asks for the same again may ask for more, which this request is not of, or for less.
  const more = { guardrail: 'hazards', effect: 'approve', code: 'bastion', message: 'Used.' };
  const read = async function* (query: unknown) {
    asked.push(query);
    yield record('decision', 'a-1', { guardrails: results }, { plan: { digest: 'd' } });
    yield record('decision', 'a-1', { guardrails: [more] }, { plan: { digest: 'd' } });
    yield record('decision', 'a-2', { guardrails: [] }, { plan: { digest: 'other' } });
    yield record('approval', 'a-1', { guardrails: [] });
    yield { record: { kind: 'decision', body: {} }, documents: {} };
  };
  const journal = { read } as unknown as Pick<Journal, 'read'>;
  const remediators = [
    { id: 'other', blindSpots: ['no'] },
    { id: 'lamp-off', blindSpots: ['The bulb.'] },
  ];
  expect(await showApproval(journal, remediators, approval)).toEqual({
    ...approvalDocument(approval),
    plan: { digest: 'd' },
    reasons: [{ guardrail: 'freshness', code: 'not-fresh', message: 'Old.' }],
    blindSpots: ['The bulb.'],
  });
  expect(asked).toEqual([{ resource: approval.resource }]);
  // Of what is not there any more nothing is made up.
  const empty = {
    async *read() {
      yield record('decision', 'a-1', { guardrails: 'x' });
    },
  } as unknown as Pick<Journal, 'read'>;
  expect(await showApproval(empty, [], approval)).toMatchObject({ plan: null, reasons: [], blindSpots: [] });
});
