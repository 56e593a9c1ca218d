/**
 * Attribute types by OID with the short name that OpenSSL prints. Left out: 0.9.2342.19200300.100.1.44, whose
 * short name `uid` differs from UID only in case; it goes by its OID.
 */
const LABEL_OF_OID: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '0.9.2342.19200300.100.1.1': 'UID',
    '0.9.2342.19200300.100.1.3': 'mail',
    '0.9.2342.19200300.100.1.25': 'DC',
    '1.2.643.3.131.1.1': 'INN',
    '1.2.643.100.1': 'OGRN',
    '1.2.643.100.3': 'SNILS',
    '1.2.643.100.5': 'OGRNIP',
    '1.2.840.113549.1.9.1': 'emailAddress',
    '1.2.840.113549.1.9.2': 'unstructuredName',
    '1.2.840.113549.1.9.8': 'unstructuredAddress',
    '1.3.6.1.4.1.311.60.2.1.1': 'jurisdictionL',
    '1.3.6.1.4.1.311.60.2.1.2': 'jurisdictionST',
    '1.3.6.1.4.1.311.60.2.1.3': 'jurisdictionC',
    '2.5.4.3': 'CN',
    '2.5.4.4': 'SN',
    '2.5.4.5': 'serialNumber',
    '2.5.4.6': 'C',
    '2.5.4.7': 'L',
    '2.5.4.8': 'ST',
    '2.5.4.9': 'street',
    '2.5.4.10': 'O',
    '2.5.4.11': 'OU',
    '2.5.4.12': 'title',
    '2.5.4.13': 'description',
    '2.5.4.14': 'searchGuide',
    '2.5.4.15': 'businessCategory',
    '2.5.4.16': 'postalAddress',
    '2.5.4.17': 'postalCode',
    '2.5.4.18': 'postOfficeBox',
    '2.5.4.19': 'physicalDeliveryOfficeName',
    '2.5.4.20': 'telephoneNumber',
    '2.5.4.23': 'facsimileTelephoneNumber',
    '2.5.4.41': 'name',
    '2.5.4.42': 'GN',
    '2.5.4.43': 'initials',
    '2.5.4.44': 'generationQualifier',
    '2.5.4.45': 'x500UniqueIdentifier',
    '2.5.4.46': 'dnQualifier',
    '2.5.4.51': 'houseIdentifier',
    '2.5.4.65': 'pseudonym',
    '2.5.4.72': 'role',
    '2.5.4.97': 'organizationIdentifier',
  }),
)

/** Spellings beside OpenSSL's, lower case. `sn` is the surname, as in OpenSSL. */
const OTHER_SPELLINGS: Readonly<Record<string, string>> = {
  email: '1.2.840.113549.1.9.1',
  e: '1.2.840.113549.1.9.1',
  userid: '0.9.2342.19200300.100.1.1',
  s: '2.5.4.8',
  surname: '2.5.4.4',
  givenname: '2.5.4.42',
}

const OID_OF_SPELLING: ReadonlyMap<string, string> = new Map([
  ...[...LABEL_OF_OID].map(([oid, label]): [string, string] => [label.toLowerCase(), oid]),
  ...Object.entries(OTHER_SPELLINGS),
])

export const OID_EMAIL = '1.2.840.113549.1.9.1'
export const OID_UID = '0.9.2342.19200300.100.1.1'

/** OpenSSL's label of an attribute type, or its dotted OID. */
export function labelOfOid(oid: string): string {
  return LABEL_OF_OID.get(oid) ?? oid
}

const DOTTED = /^[012](?:\.(?:0|[1-9][0-9]*))+$/

/** The OID that a label of any spelling and case, or a dotted OID, stands for; undefined when none. */
export function oidOfLabel(label: string): string | undefined {
  return OID_OF_SPELLING.get(label.toLowerCase()) ?? (DOTTED.test(label) ? label : undefined)
}

// Arcs of OIDs have no bound: one of 128 octets has some 270 digits.
const LABEL_AND_EQUALS = /([A-Za-z][A-Za-z0-9]{0,39}|[012](?:\.(?:0|[1-9][0-9]*))+)=/y

/** The attribute type when `text` has a known label or dotted OID and `=` at `at`, and where its value begins. */
export function labelAt(text: string, at: number): { oid: string; valueAt: number } | undefined {
  LABEL_AND_EQUALS.lastIndex = at
  const label = LABEL_AND_EQUALS.exec(text)?.[1]
  const oid = label === undefined ? undefined : oidOfLabel(label)
  return oid === undefined ? undefined : { oid, valueAt: at + label!.length + 1 }
}
