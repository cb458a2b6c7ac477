import { inject } from 'vitest';
import { emulator } from './support/emulator.js';
import { describeOnAws } from './support/on-aws.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Endpoint of the AWS emulator. */
    moto: string;
  }
}

const aws = emulator(inject('moto'));
describeOnAws('the emulator', () => aws);
