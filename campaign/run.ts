// One section of the campaign, as JSON on standard output: `node campaign/run.ts faults|simulation|races '{"size":1}'`.
import { faultMatrices } from './faults.ts';
import { races } from './races.ts';
import { INVARIANTS, simulation } from './simulation.ts';

const [section = '', text = '{}'] = process.argv.slice(2);
const { size = 1, seed, path } = JSON.parse(text) as { size?: number; seed?: number; path?: string };

async function run(): Promise<unknown> {
  switch (section) {
    case 'faults':
      return faultMatrices();
    case 'simulation': {
      const report = await simulation({ histories: 300 * size, ...(seed === undefined ? {} : { seed }), ...(path === undefined ? {} : { path }) });
      return { ...report, holds: INVARIANTS };
    }
    case 'races':
      // Fifty processes are too many for a machine with two cores and other work.
      return races({ workers: 200, processes: size >= 5 ? 50 : 8 });
    default:
      throw new Error(`There is no section ${section}: faults, simulation, races`);
  }
}

process.stdout.write(JSON.stringify(await run()));
