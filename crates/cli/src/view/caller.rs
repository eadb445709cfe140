/// Of an ARN, who it is: `assumed-role/Admin/anna`, `user/anna`.
pub fn caller(arn: &str) -> String {
    let name = arn.splitn(6, ':').last();
    name.unwrap_or(arn).to_owned()
}
