/** The most that a remediator may do automatically. */
export type Ceiling = (typeof CEILINGS)[number];
/** @internal */
export const CEILINGS = ['enforce', 'approve', 'notify'] as const;
