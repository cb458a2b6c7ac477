/** `npm run test:all` sets it. */
const WHOLE = process.env['REDRESS_WHOLE'] === '1';

/** How often a property is tried: `npm test` meets each kind of case, and the whole suite the rare ones. */
export const repeated = (quick: number, whole: number): number => (WHOLE ? whole : quick);
