/** Where grid hosts have their certificate and its key: the files of a VO that names none. */
export const HOST_CREDENTIAL = {
  certificate: '/etc/grid-security/hostcert.pem',
  key: '/etc/grid-security/hostkey.pem',
} as const
