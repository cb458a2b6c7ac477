// The sealers of a journal on AWS, at once and dying at each write, on the emulator. The unit tests do the same on the model of AWS, and the judges
// on servers that keep what they acknowledge under concurrency.
import { inject } from 'vitest';
import { emulator } from './support/emulator.js';
import { ledgerOnAws } from './support/ledger-aws.js';
import { describeLedger } from './support/ledger-contract.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Endpoint of the AWS emulator. */
    moto: string;
  }
}

const aws = emulator(inject('moto'));
describeLedger('the emulator', async () => {
  const { table, bucket, remove } = await aws.make();
  return ledgerOnAws({ table, bucket, clients: aws.clients }, remove);
});
