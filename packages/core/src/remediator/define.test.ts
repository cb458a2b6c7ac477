import { expect, it } from 'vitest';
import { type Ceiling, defineRemediator } from './define.js';

const of = (ceiling: unknown) =>
  defineRemediator({
    id: 'test-ceiling',
    title: 'Ceiling',
    resourceTypes: ['AWS::Test::Thing'],
    controls: [],
    ceiling: ceiling as Ceiling,
    blindSpots: [],
    uses: { reads: [], writes: [], undoes: [] },
    observe: async () => 'gone',
    plan: () => ({ status: 'compliant' }),
  });

it.each(['Enforce', '', undefined, null, ['enforce']])('a ceiling that nobody knows is refused, where no types say so: %j', (ceiling) => {
  expect(() => of(ceiling)).toThrowError(expect.objectContaining({ code: 'remediator/invalid', message: expect.stringContaining('ceiling') }));
});

it.each(['enforce', 'approve', 'notify'])('%s is a ceiling', (ceiling) => {
  expect(of(ceiling).ceiling).toBe(ceiling);
});
