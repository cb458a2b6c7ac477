// One of many processes on one journal in a folder. AWS is simulated in the parent: every call goes there, so that all processes share one account.
import { createRedress, type Remediator } from '@redress/core';
import { folderJournal } from '@redress/evidence';
import { ACCOUNT, enforcing, writing } from './world.ts';

const [directory = '', endpoint = '', limit = '1000', ...events] = process.argv.slice(2);
const remediator = writing.find((each) => each.id === 'ec2-revoke-sg-open-ssh') as Remediator;
const journal = folderJournal({ directory });
const post = async (body: object): Promise<Record<string, unknown>> => {
  const reply = await fetch(endpoint, { method: 'POST', body: JSON.stringify(body) });
  return (await reply.json()) as Record<string, unknown>;
};
const redress = createRedress({
  remediators: [{ ...remediator, settle: 0 }],
  policy: enforcing([remediator], { limits: [{ per: ['account'], changes: Number(limit), window: 'PT1H' }] }),
  journal,
  connect: async () => ({
    config: {},
    identity: async () => ({ account: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/${process.pid}` }),
    client: (service) => ({
      send: async (command: { input: object }) => {
        const answer = await post({ service, operation: command.constructor.name.replace(/Command$/, ''), input: command.input });
        if (answer['error'] === undefined) return answer['value'] as object;
        const { name, status } = answer['error'] as { name: string; status?: number };
        throw Object.assign(new Error(name), { name, $metadata: { httpStatusCode: status } });
      },
    }),
  }),
});
// All start at the same moment: each waits until all are ready.
await post({ ready: process.pid });
const outcomes: string[] = [];
for (const event of events) {
  const { results } = await redress.handle(JSON.parse(Buffer.from(event, 'base64').toString('utf8')));
  for (const result of results)
    outcomes.push(result.error?.code ?? result.passes.map((pass) => `${pass.outcome}${pass.duplicate ? ' (duplicate)' : ''}`).join());
}
await journal.close?.();
process.stdout.write(JSON.stringify(outcomes));
