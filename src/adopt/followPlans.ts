import type { FollowPlan } from './probeSource.ts'
import type { SourceKind } from './SourceKind.ts'

/** What a follower watches in each kind of source: what ACs need. Everything else comes with an import. */
export const FOLLOW_PLANS: Readonly<Record<SourceKind['name'], FollowPlan>> = {
  'voms-admin': {
    members: { usr: 'userid', certificate: 'usr_id', m: 'userid', usr_attrs: 'u_id' },
    shared: ['version', 'ca', 'groups', 'roles', 'attributes', 'group_attrs', 'role_attrs'],
    names: {
      // Version 2 has a CA's subject in a column of the table's own name.
      ca: ['cid', ['subject_string', 'ca']],
      groups: ['gid', ['dn']],
      roles: ['rid', ['role']],
      attributes: ['a_id', ['a_name']],
    },
    policies: ['aup', 'aup_version', 'aup_acc_record'],
    volatile: [],
  },
  // An IAM has some thousand accounts, whose groups and labels are joined by names: read whole at every change.
  iam: {
    members: {},
    shared: [
      ...[
        'schema_version',
        'flyway_schema_history',
        'iam_account',
        'iam_user_info',
        'iam_x509_cert',
        'iam_group',
      ],
      ...['iam_group_labels', 'iam_account_labels', 'iam_account_group', 'iam_account_attrs'],
    ],
    names: {},
    policies: ['iam_aup', 'iam_aup_signature'],
    volatile: [
      'last_login_time',
      'LASTUPDATETIME',
      'PASSWORD',
      'confirmation_key',
      'reset_key',
      'CERTIFICATE',
      'PICTURE',
    ],
  },
}
