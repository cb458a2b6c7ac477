// The command over files and folders: what is read, what is said of what cannot be read, and how it ends.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ACCOUNT, AT, DAY, event, keyOf, packed, REGION, workplace } from '../../test/support/trail.js';

const { put, reconcile, recorded, shown } = workplace();

describe('files', () => {
  it('of the whole tree, with other days and services: both agree', async () => {
    const [one = '', two = ''] = await recorded('r-1', 'r-2');
    put(`trail/${keyOf(AT)}`, packed(event('r-1', one)));
    put(
      `trail/${keyOf(AT, ACCOUNT, 'another')}`,
      packed(event('r-2', two), event('r-3', 'ada', { userIdentity: { type: 'Root', arn: `arn:aws:iam::${ACCOUNT}:root` } })),
    );
    // Neither is read: it is no CloudTrail, and of another month.
    put(`trail/AWSLogs/${ACCOUNT}/vpcflowlogs/${REGION}/2026/a.log.gz`, 'not even gzip');
    put(`trail/${keyOf(AT - 40 * DAY)}`, 'damaged');
    const { exit, json } = await reconcile('trail');
    expect(json).toMatchObject({
      status: 'agrees',
      records: { calls: 2, confirmed: 2 },
      events: { ours: 2, byRequest: 2 },
      trail: { files: 2, records: 3, places: [{ account: ACCOUNT, region: REGION }] },
      errors: [],
    });
    expect(exit).toBe(0);
  });

  it('differ: the exit code is 1, and the differences are shown', async () => {
    const [one = '', two = ''] = await recorded('r-1', 'r-2');
    put(`trail/${keyOf(AT)}`, packed(event('r-1', one), event('o-1', one)));
    const { exit, json } = await reconcile('trail');
    expect(json.discrepancies.map(({ kind, requestId, execution }) => [kind, requestId, execution])).toEqual([
      ['ghost', 'r-2', two],
      ['orphan', 'o-1', one],
    ]);
    expect([json.status, exit]).toEqual(['differs', 1]);
    const out = await shown('trail');
    expect(out).toMatch(/^differs {2}\.redress and CloudTrail, /);
    expect(out).toContain(`orphan  ${new Date(AT).toISOString()}  ec2:RevokeSecurityGroupIngress (${ACCOUNT}, ${REGION}): `);
    expect(out).toContain('Redress acts as: aws:111111111111:role/RedressFix, role/RedressFix');
    // A day later it would still wait.
    expect(await reconcile('trail', '--grace', 'P4D')).toMatchObject({
      exit: 1,
      json: { discrepancies: [{ kind: 'orphan' }], waiting: [{ requestId: 'r-2', late: true }] },
    });
  });

  it('that are damaged are named, one error each with its place; the others are read', async () => {
    const [one = ''] = await recorded('r-1');
    put('trail/a.json', { Records: [event('r-1', one)] });
    put('trail/b.json', { Records: [event('r-1', one), { eventTime: 'never' }, 7] });
    put('trail/c.json.gz', packed(event('r-1', one)).subarray(0, 60));
    put('trail/d.json', { hello: 'world' });
    put('trail/e.txt', 'notes');
    put('trail/f.jsonl', `${JSON.stringify(event('r-1', one))}\n{\n`);
    const { exit, json } = await reconcile('trail');
    expect(json.errors.map(({ code, place }) => [code, place])).toEqual([
      ['trail/not-an-event', { file: 'trail/b.json', path: 'Records.1' }],
      ['trail/damaged', { file: 'trail/c.json.gz' }],
      ['trail/not-cloudtrail', { file: 'trail/d.json' }],
      ['trail/not-cloudtrail', { file: 'trail/e.txt' }],
      ['trail/damaged', { file: 'trail/f.jsonl', line: 2 }],
    ]);
    expect(json.errors[0]?.message).toBe('It has no eventTime. (and 1 more in this file)');
    expect(json).toMatchObject({ status: 'incomplete', records: { calls: 1, confirmed: 1 } });
    expect(exit).toBe(2);
  });

  it('that are damaged cover nothing', async () => {
    await recorded('r-1');
    put(`trail/${keyOf(AT)}`, 'damaged');
    expect(await reconcile('trail')).toMatchObject({
      exit: 2,
      json: { discrepancies: [], errors: [{ code: 'trail/damaged' }], uncovered: [{ records: 1, reason: 'nothing was read from the account' }] },
    });
    put(`trail/${keyOf(AT)}`, packed(event('theirs', 'ada', { userIdentity: { type: 'Root', arn: `arn:aws:iam::${ACCOUNT}:root` } })));
    expect(await reconcile('trail')).toMatchObject({ exit: 1, json: { discrepancies: [{ kind: 'ghost' }], errors: [], uncovered: [] } });
  });

  it('are incomplete if a digest names a missing one', async () => {
    const [one = ''] = await recorded('r-1');
    put(`trail/${keyOf(AT)}`, packed(event('r-1', one)));
    const [date = ''] = new Date(AT).toISOString().split('T');
    const gone = keyOf(AT, ACCOUNT, 'gone').split('/').at(-1) ?? '';
    const folder = `AWSLogs/${ACCOUNT}/CloudTrail-Digest/${REGION}/${date.replaceAll('-', '/')}`;
    put(
      `trail/${folder}/${ACCOUNT}_CloudTrail-Digest_${REGION}_trail_us-east-1_${date.replaceAll('-', '')}T235959Z.json.gz`,
      gzipSync(
        JSON.stringify({
          awsAccountId: ACCOUNT,
          digestStartTime: `${date}T00:00:00Z`,
          digestEndTime: `${date}T23:59:59Z`,
          digestS3Object: `${folder}/d.json.gz`,
          logFiles: [{ s3Object: keyOf(AT) }, { s3Object: keyOf(AT, ACCOUNT, 'gone') }],
        }),
      ),
    );
    expect(await reconcile('trail')).toMatchObject({ exit: 2, json: { status: 'incomplete', errors: [{ code: 'trail/missing', place: { file: gone } }] } });
    put(`trail/${keyOf(AT, ACCOUNT, 'gone')}`, packed());
    expect(await reconcile('trail')).toMatchObject({ exit: 0, json: { status: 'agrees', errors: [] } });
  });

  it('do not cover a requested account that is not in them', async () => {
    await recorded('r-1');
    put('trail/a.json', { Records: [event('x', 'ada', { recipientAccountId: '222222222222' })] });
    const { exit, json } = await reconcile('trail', '--accounts', ACCOUNT, '333333333333');
    expect(json.uncovered.map(({ account, records, reason }) => [account, records, reason])).toEqual([
      [ACCOUNT, 1, 'nothing was read from the account'],
      ['333333333333', 0, 'nothing was read from the account'],
    ]);
    expect([json.status, exit]).toEqual(['incomplete', 2]);
  });
});

describe('wrong usage', () => {
  it.each<[string[], string, code?: string]>([
    [[], 'There is nothing to compare with.'],
    [['trail', '--in', 'eu-west-1'], '--in needs --lookup.'],
    [['trail', '--since', 'yesterday'], '--since "yesterday" is not a duration, a date or a time.', 'compose/invalid'],
    [['trail', '--since', 'PT1H', '--until', 'PT2H'], '--since is after --until.'],
    [['trail', '--grace', 'soon'], '--grace "soon" is not a duration.'],
    [['trail', '--grace', 'PT5M'], '--grace is shorter than --delay: records would count as ghosts before CloudTrail has delivered their events.'],
    [['trail', '--principal', 'arn:aws:s3:::b'], '--principal "arn:aws:s3:::b" is neither an IAM or STS ARN nor a role name.'],
    [['trail', '--ignore', 'PutParameter'], '--ignore "PutParameter" is not an operation.'],
    [['trail', '--accounts', 'all'], '--accounts "all" is not a 12-digit account id.'],
    [['s3://B/x'], '"s3://B/x" is not a bucket.'],
  ])('%j is refused', async (argv, message, code = 'cli/usage') => {
    await recorded('r-1');
    put('trail/a.json', { Records: [] });
    expect(await reconcile(...argv)).toMatchObject({ exit: 2, json: { error: { code, message } } });
  });

  it('is a missing journal or folder', async () => {
    put('trail/a.json', { Records: [] });
    expect(await reconcile('trail')).toMatchObject({ exit: 2, json: { error: { code: 'cli/not-found' } } });
    await recorded('r-1');
    expect(await reconcile('elsewhere')).toMatchObject({ exit: 2, json: { error: { code: 'cli/file' } } });
  });
});
