/** Where the emulated account is. */
export const AWS_REGION = "us-east-1";
export const AWS_ACCOUNT_ID = "123456789012";
