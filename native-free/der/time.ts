import { refuseDer } from './derCode.ts'

/** 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z, the ends of what GeneralizedTime can say, in epoch seconds. */
export const MIN_TIME = -62_167_219_200
export const MAX_TIME = 253_402_300_799
/** First second that RFC 5280 4.1.2.5 puts into GeneralizedTime: 2050-01-01T00:00:00Z. */
const YEAR_2050 = 2_524_608_000
/** 1950-01-01T00:00:00Z, the first second of UTCTime. */
const YEAR_1950 = -631_152_000
const DAY = 86_400

/**
 * Content octets of a UTCTime, YYMMDDhhmmssZ only (RFC 5280 4.1.2.5.1; YY < 50 is 20YY), to epoch seconds.
 * Refuses every other form with DER_BAD_TIME.
 */
export function decodeUtcTime(bytes: Uint8Array, from = 0, to = bytes.length): number {
  if (to - from !== 13) throw refuseDer('DER_BAD_TIME', 'UTCTime is not YYMMDDhhmmssZ', from)
  const year = twoDigits(bytes, from)
  return secondsOf(year < 50 ? 2000 + year : 1900 + year, bytes, from + 2)
}

/** Content octets of a GeneralizedTime, YYYYMMDDhhmmssZ only (RFC 5280 4.1.2.5.2), to epoch seconds. */
export function decodeGeneralizedTime(bytes: Uint8Array, from = 0, to = bytes.length): number {
  if (to - from !== 15) throw refuseDer('DER_BAD_TIME', 'GeneralizedTime is not YYYYMMDDhhmmssZ', from)
  return secondsOf(twoDigits(bytes, from) * 100 + twoDigits(bytes, from + 2), bytes, from + 4)
}

function secondsOf(year: number, bytes: Uint8Array, at: number): number {
  const month = twoDigits(bytes, at)
  const day = twoDigits(bytes, at + 2)
  const hour = twoDigits(bytes, at + 4)
  const minute = twoDigits(bytes, at + 6)
  const second = twoDigits(bytes, at + 8)
  const wrong =
    month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59
  if (wrong || bytes[at + 10] !== 0x5a) throw refuseDer('DER_BAD_TIME', 'no such time, or not in Z', at)
  return daysBefore(year, month, day) * DAY + hour * 3600 + minute * 60 + second
}

function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - 0x30
  const ones = bytes[at + 1]! - 0x30
  if (tens < 0 || tens > 9 || ones < 0 || ones > 9) throw refuseDer('DER_BAD_TIME', 'no digit in time', at)
  return tens * 10 + ones
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function daysIn(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Days from 1970-01-01 to the given day of the proleptic Gregorian calendar, counting years from March. */
function daysBefore(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400)
  return marchYear * 365 + leapDays + dayOfYear - 719_468
}

/** Epoch seconds to the text YYYYMMDDhhmmssZ. Refuses fractions and years outside 0000 to 9999 with DER_BAD_TIME. */
export function formatGeneralizedTime(seconds: number): string {
  if (!Number.isInteger(seconds) || seconds < MIN_TIME || seconds > MAX_TIME) {
    throw refuseDer('DER_BAD_TIME', 'time is not a whole second of the years 0000 to 9999')
  }
  const days = Math.floor(seconds / DAY)
  const rest = seconds - days * DAY
  const { year, month, day } = dateOf(days)
  const clock = pad(Math.floor(rest / 3600)) + pad(Math.floor(rest / 60) % 60) + pad(rest % 60)
  return `${String(year).padStart(4, '0')}${pad(month)}${pad(day)}${clock}Z`
}

/** Epoch seconds to the text YYMMDDhhmmssZ. Refuses years outside 1950 to 2049 with DER_BAD_TIME. */
export function formatUtcTime(seconds: number): string {
  if (!fitsUtcTime(seconds)) throw refuseDer('DER_BAD_TIME', 'time is outside 1950 to 2049')
  return formatGeneralizedTime(seconds).slice(2)
}

/** Whether RFC 5280 4.1.2.5 wants this time as UTCTime. */
export function fitsUtcTime(seconds: number): boolean {
  return seconds >= YEAR_1950 && seconds < YEAR_2050
}

function pad(n: number): string {
  return n < 10 ? `0${n}` : String(n)
}

/** The inverse of daysBefore, by 400-year eras. */
function dateOf(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1
  return { year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day }
}
