import { inject } from 'vitest';
import { emulator } from './support/emulator.js';
import { ledgerOnAws } from './support/ledger-aws.js';
import { describeLedger } from './support/ledger-contract.js';
import { describeOnAws } from './support/on-aws.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Endpoint of the AWS emulator. */
    moto: string;
  }
}

const aws = emulator(inject('moto'));
describeOnAws('the emulator', () => aws);
describeLedger('the emulator', async () => {
  const { table, bucket, remove } = await aws.make();
  return ledgerOnAws({ table, bucket, clients: aws.clients }, remove);
});
