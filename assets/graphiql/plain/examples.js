// An account's whole life, one operation each. They work one after the other on a new server.

const firstPassword = 'Patient-Heron-84';
const secondPassword = 'Quiet-Harbour-27';
const thirdPassword = 'Bright-Meadow-63';

export const examples = [
  {
    name: 'Register',
    query: `# Registers an account and mails a link with a token,
# which VerifyAccount takes.
mutation Register(
  $email: String!
  $username: String
  $password: String!
) {
  register(
    email: $email
    username: $username
    password1: $password
    password2: $password
  ) {
    success
    errors
  }
}`,
    variables: { email: 'ada@example.org', username: 'ada', password: firstPassword },
  },
  {
    name: 'VerifyAccount',
    query: `# Verifies the account. The token is what follows the last
# slash of the link in the activation mail. Without a mail
# server, \`pledge4future-auth mail list\` and \`mail show\`
# print it.
mutation VerifyAccount($token: String!) {
  verifyAccount(token: $token) {
    success
    errors
  }
}`,
    variables: { token: 'from the activation mail' },
  },
  {
    name: 'TokenAuth',
    query: `# Logs in. The answer is an access token for the header
# Authorization, and a refresh token. "Log in" above does
# the same, and sends the access token with everything.
mutation TokenAuth($email: String!, $password: String!) {
  tokenAuth(email: $email, password: $password) {
    success
    errors
    token
    refreshToken
    user {
      email
      username
    }
  }
}`,
    variables: { email: 'ada@example.org', password: firstPassword },
  },
  {
    name: 'Me',
    query: `# Shows your account, or null without a good token: use
# "Log in", or put the token of TokenAuth into the headers.
query Me {
  me {
    email
    username
    firstName
    lastName
    academicTitle
    verified
    isRepresentative
    workingGroup {
      id
      name
      nEmployees
      institution {
        name
        city
        state
        country
      }
      field {
        field
        subfield
      }
    }
  }
}`,
    variables: {},
  },
  {
    name: 'UpdateAccount',
    query: `# Changes names and title of your account; what is left
# out stays as it is. It needs "Log in", or the token of
# TokenAuth in the headers.
mutation UpdateAccount(
  $firstName: String
  $lastName: String
  $academicTitle: String
) {
  updateAccount(
    firstName: $firstName
    lastName: $lastName
    academicTitle: $academicTitle
  ) {
    success
    errors
  }
}`,
    variables: { firstName: 'Ada', lastName: 'Example', academicTitle: 'PROF' },
  },
  {
    name: 'PasswordChange',
    query: `# Sets another password and ends all sessions. It needs
# "Log in", which goes on with the new token of the answer,
# or the token of TokenAuth in the headers.
mutation PasswordChange(
  $oldPassword: String!
  $newPassword: String!
) {
  passwordChange(
    oldPassword: $oldPassword
    newPassword1: $newPassword
    newPassword2: $newPassword
  ) {
    success
    errors
    token
    refreshToken
  }
}`,
    variables: { oldPassword: firstPassword, newPassword: secondPassword },
  },
  {
    name: 'SendPasswordResetEmail',
    query: `# Mails a link with a token for a forgotten password,
# which PasswordReset takes.
mutation SendPasswordResetEmail($email: String!) {
  sendPasswordResetEmail(email: $email) {
    success
    errors
  }
}`,
    variables: { email: 'ada@example.org' },
  },
  {
    name: 'PasswordReset',
    query: `# Sets another password and ends all sessions. The token is
# what follows the last slash of the link in the mail.
# Without a mail server, \`pledge4future-auth mail list\`
# and \`mail show\` print it.
mutation PasswordReset(
  $token: String!
  $newPassword: String!
) {
  passwordReset(
    token: $token
    newPassword1: $newPassword
    newPassword2: $newPassword
  ) {
    success
    errors
  }
}`,
    variables: { token: 'from the password mail', newPassword: thirdPassword },
  },
  {
    name: 'RefreshToken',
    query: `# Turns a refresh token in for new tokens, once. It comes
# from TokenAuth, or from "Tokens" after "Log in".
mutation RefreshToken($refreshToken: String!) {
  refreshToken(refreshToken: $refreshToken) {
    success
    errors
    token
    refreshToken
    payload
  }
}`,
    variables: { refreshToken: 'from TokenAuth' },
  },
  {
    name: 'Sessions',
    query: `# Shows where you are logged in. It needs "Log in", or the
# token of TokenAuth in the headers.
query Sessions {
  sessions {
    id
    createdAt
    lastUsedAt
    userAgent
    address
    current
  }
}`,
    variables: {},
  },
  {
    name: 'RevokeSession',
    query: `# Ends a session, and with it its tokens. The id comes from
# Sessions. revokeAllSessions { success } ends all of them,
# the one that asks as well.
mutation RevokeSession($id: ID!) {
  revokeSession(id: $id) {
    success
    errors
  }
}`,
    variables: { id: 'from Sessions' },
  },
  {
    name: 'CreateWorkingGroup',
    query: `# Founds a working group with you as its representative. It
# needs "Log in", or the token of TokenAuth in the headers.
# Institutions finds the id of the institution;
# { researchfields { id field subfield } } lists the fields.
mutation CreateWorkingGroup(
  $input: CreateWorkingGroupInput!
) {
  createWorkingGroup(input: $input) {
    success
    workinggroup {
      id
      name
      representative {
        email
      }
    }
  }
}`,
    variables: {
      input: {
        name: 'Environmental physics',
        institutionId: '00000000-0000-0000-0000-000000000000',
        researchFieldId: 105,
        nEmployees: 12,
        isPublic: true,
      },
    },
  },
  {
    name: 'Institutions',
    query: `# Finds institutions by words of name and place, whatever
# the case and accents. It needs no token.
query Institutions($search: String, $first: Int) {
  institutions(search: $search, first: $first) {
    id
    name
    city
    state
    country
  }
}`,
    variables: { search: 'heidelb germany', first: 10 },
  },
];

export const emptyHeaders = JSON.stringify({ Authorization: 'JWT ' }, null, 2);

export function variablesOf(example) {
  return JSON.stringify(example.variables, null, 2);
}
