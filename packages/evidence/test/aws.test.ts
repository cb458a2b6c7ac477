import { inject } from 'vitest';
import { awsJournal } from '../src/aws.js';
import { describeJournal } from '../src/contract.js';
import { emulator } from './support/emulator.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Endpoint of the AWS emulator. */
    moto: string;
  }
}

const aws = emulator(inject('moto'));

describeJournal('DynamoDB and S3, on the emulator', async (clock) => {
  const { table, bucket, remove } = await aws.make();
  const journal = awsJournal({ table, bucket, clock, clients: aws.clients });
  return {
    journal,
    reopen: async () => awsJournal({ table, bucket, clock, clients: aws.clients }),
    cleanup: async () => {
      await journal.close?.();
      await remove();
    },
  };
});
