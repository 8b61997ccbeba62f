pub fn run() {}
pub fn is_trivial(_: &[String]) -> bool {
    false
}
