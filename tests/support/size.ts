/** `npm run test:all` sets it. */
const WHOLE = process.env['REDRESS_WHOLE'] === '1';

/** Number of runs of a property: `npm test` covers each kind of case, and the full suite covers rare ones. */
export const repeated = (quick: number, whole: number): number => (WHOLE ? whole : quick);
