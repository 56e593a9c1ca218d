/** The view that members, groups and roles are resolved through, unless the configuration names another one. */
export const HOLDINGS_VIEW = 'vouchd.holdings'
