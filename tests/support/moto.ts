import type { TestProject } from 'vitest/node';
import { startMoto } from '../../scripts/moto.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** Endpoint of the AWS emulator. */
    moto: string;
  }
}

/** One emulator for all integration tests. */
export default async function setup(project: TestProject) {
  const moto = await startMoto();
  project.provide('moto', moto.endpoint);
  return () => moto.stop();
}
