import { Model } from '../../test/support/model.js';
import { opened, seeded } from '../../test/support/world.js';
import { describeJournal } from '../contract.js';

for (const [name, options, reopens] of [
  ['overlapping requests', {}, true],
  ['indexes that lag, throttling, no tokens', { lag: 25, throttled: 0.05, tokens: false }, false],
] as const)
  describeJournal(`DynamoDB and S3, on the model: ${name}`, async (clock) => {
    const model = new Model('t', 'b', { random: seeded(7), ...options });
    const journal = opened(model, { clock });
    return { journal, ...(reopens ? { reopen: async () => opened(model, { clock }) } : {}), cleanup: async () => journal.close?.() };
  });
