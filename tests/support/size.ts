/** `npm run test:all` sets it. */
const WHOLE = process.env['REDRESS_WHOLE'] === '1';

/** How much is tried: the number of runs of a property, or a list of cases. `npm test` covers each kind of case, and the full suite covers rare ones. */
export const repeated = <T>(quick: T, whole: T): T => (WHOLE ? whole : quick);
