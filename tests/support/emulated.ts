import { afterAll, beforeAll, inject } from 'vitest';
import { type Boto, startBoto } from './boto.ts';
import { type Runtime, startRuntime } from './runtime.ts';

/** The emulated account of a test file: boto3 to create and read resources, and a runtime. They exist once its tests run. */
export function emulated(): { readonly aws: Boto; readonly runtime: Runtime } {
  const here: { aws?: Boto; runtime?: Runtime } = {};
  beforeAll(async () => {
    here.aws = startBoto(inject('moto'));
    here.runtime = await startRuntime(inject('moto'));
  });
  afterAll(async () => {
    await here.runtime?.close();
    await here.aws?.close();
  });
  const there = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('It is there once the tests run.');
    return value;
  };
  return {
    get aws() {
      return there(here.aws);
    },
    get runtime() {
      return there(here.runtime);
    },
  };
}
