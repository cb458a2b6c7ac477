// Simulates a machine in another time zone, even in a thread: setting the environment of a thread does not change its zone.

/** A zone of the IANA database, and its offset from UTC, which has to be constant all year. */
export interface Zone {
  readonly name: string;
  /** Hours east of Greenwich. */
  readonly hours: number;
}

/** One zone where the last moment of a day in UTC is on the next day, and one where the first moment is on the day before. */
export const EAST: Zone = { name: 'Pacific/Apia', hours: 13 };
export const WEST: Zone = { name: 'Pacific/Pago_Pago', hours: -11 };

const HOUR = 3_600_000;
const PARTS = ['FullYear', 'Month', 'Date', 'Day', 'Hours', 'Minutes', 'Seconds', 'Milliseconds'] as const;
const TEXTS = ['toString', 'toDateString', 'toTimeString', 'toLocaleString', 'toLocaleDateString', 'toLocaleTimeString'] as const;

/** Runs work in a zone: local times of dates, and formats without an explicit zone, use it. */
export async function inZone<T>({ name, hours }: Zone, work: () => Promise<T>): Promise<T> {
  const before = process.env['TZ'];
  const own = Object.getOwnPropertyDescriptors(Date.prototype);
  const { DateTimeFormat } = Intl;
  const shifted = (date: Date) => new Date(date.getTime() + hours * HOUR);
  const give = (member: keyof Date, value: (this: Date, ...rest: [string?, Intl.DateTimeFormatOptions?]) => unknown) =>
    Object.defineProperty(Date.prototype, member, { ...own[member as 'getDay'], value });
  try {
    process.env['TZ'] = name;
    for (const part of PARTS)
      give(`get${part}`, function () {
        return shifted(this)[`getUTC${part}`]();
      });
    give('getTimezoneOffset', () => -60 * hours);
    for (const text of TEXTS)
      give(text, function (locale, options) {
        return new Intl.DateTimeFormat(locale, text.startsWith('toLocale') ? options : { dateStyle: 'full', timeStyle: 'full' }).format(this);
      });
    Intl.DateTimeFormat = new Proxy(DateTimeFormat, {
      construct: (of, [locale, options]: [string?, Intl.DateTimeFormatOptions?]) => new of(locale, { ...options, timeZone: options?.timeZone ?? name }),
    });
    return await work();
  } finally {
    Intl.DateTimeFormat = DateTimeFormat;
    for (const member of [...PARTS.map((part) => `get${part}` as const), 'getTimezoneOffset' as const, ...TEXTS])
      Object.defineProperty(Date.prototype, member, own[member]);
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  }
}
