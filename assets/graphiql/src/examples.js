// The operations of an account's life. They work one after the other on a new server.
// Lines have at most 49 characters: GraphiQL shows them whole in a window of 1280 pixels.

const firstPassword = 'Patient-Heron-84';
const secondPassword = 'Quiet-Harbour-27';
const thirdPassword = 'Bright-Meadow-63';

export const examples = [
  {
    name: 'Register',
    query: `# Registers an account and mails it a link.
# The token in the link goes into VerifyAccount.
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
    query: `# Activates the account.
# The token is the last part of the link.
# Without a mail server, print the mail by the
# commands \`mail list\` and \`mail show\`.
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
    query: `# Returns an access token and a refresh token.
# The button "Log in" does the same, and adds the
# access token to every request.
mutation TokenAuth(
  $email: String!
  $password: String!
) {
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
    query: `# Returns your account, or null when logged out.
# Use the button "Log in", or write in Headers:
# {"Authorization": "JWT <token of TokenAuth>"}
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
  },
  {
    name: 'UpdateAccount',
    query: `# Changes your names and your title.
# Variables that you leave out change nothing.
# Log in first.
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
    query: `# Sets a new password. Log in first.
# All your sessions end, and a new one begins.
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
    query: `# Mails a link for choosing a new password.
# The token in the link goes into PasswordReset.
mutation SendPasswordResetEmail(
  $email: String!
) {
  sendPasswordResetEmail(email: $email) {
    success
    errors
  }
}`,
    variables: { email: 'ada@example.org' },
  },
  {
    name: 'PasswordReset',
    query: `# Sets a new password and ends all your sessions.
# The token is the last part of the link.
# Without a mail server, print the mail by the
# commands \`mail list\` and \`mail show\`.
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
    query: `# Exchanges a refresh token for new tokens, once.
# TokenAuth returns one. After "Log in", the same
# button shows yours.
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
    query: `# Lists your sessions. Log in first.
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
  },
  {
    name: 'RevokeSession',
    query: `# Ends a session. Sessions returns the ids.
# revokeAllSessions { success } ends all of them.
# Log in first.
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
    query: `# Creates a working group that you represent.
# Log in first. The ids of institutions are in
# Institutions, those of research fields in
# { researchfields { id field subfield } }
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
        institutionId: 'from Institutions',
        researchFieldId: 105,
        nEmployees: 12,
        isPublic: true,
      },
    },
  },
  {
    name: 'Institutions',
    query: `# Finds institutions by words of name and place,
# ignoring case and accents.
query Institutions(
  $search: String
  $first: Int
) {
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

/** The variables of an example as JSON; nothing if it has none. */
export function variablesOf({ variables }) {
  return variables ? JSON.stringify(variables, null, 2) : '';
}
