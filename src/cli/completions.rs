//! The shells that complete command lines, with what their scripts lack.

use clap::Command;
use clap_complete::env::{Bash, EnvCompleter, Fish, Shells, Zsh};
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

/// All shells that we know.
pub const SHELLS: Shells<'static> = Shells(&[&Mended(&Bash), &Mended(&Zsh), &Mended(&Fish)]);

/// What zsh's script does with the words that we offer, and before that with those that end in
/// `=`: it sets a space behind every word, and none belongs behind `price=`.
const OFFER: &str = "        [[ -n $other ]] && _describe -V 'values' other\n";
const JOINED: &str = "        local -a joined=(\"${(@M)other:#*=}\")
        other=(\"${(@)other:#*=}\")
        [[ -n $joined ]] && _describe -V 'values' joined -S ''
";

/// How bash's script takes the words: bash splits them at `:` and `=`, and addresses, options
/// and ids have some. They are put together, and of what is offered only the last piece is told.
const WORDS: &str = "    local words=(\"${COMP_WORDS[@]}\")
    if [[ \"${BASH_VERSINFO[0]}\" -ge 4 ]]; then
        words[COMP_CWORD]=\"$2\"
    fi
";
const WHOLE: &str = "    local words=() place=-1 before= i word
    for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
        word=${COMP_WORDS[i]}
        [[ $i == \"$COMP_CWORD\" && ! $word =~ ^[:=]+$ ]] && word=$2
        if [[ $place -ge 1 ]] && [[ ${COMP_WORDS[i]} =~ ^[:=]+$ || ${COMP_WORDS[i-1]} =~ ^[:=]+$ ]]; then
            words[place]+=$word
        else
            words[++place]=$word
        fi
        [[ $i == \"$COMP_CWORD\" ]] && { _CLAP_COMPLETE_INDEX=$place; before=${words[place]%\"$2\"}; }
    done
";
const DONE: &str = "    if [[ $? != 0 ]]; then
        unset COMPREPLY
";
const PIECES: &str = "    local status=$?
    COMPREPLY=(\"${COMPREPLY[@]#\"$before\"}\")
    if [[ $status != 0 ]]; then
        unset COMPREPLY
";

/// A shell with what its script lacks.
struct Mended(&'static dyn EnvCompleter);

impl EnvCompleter for Mended {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn is(&self, name: &str) -> bool {
        self.0.is(name)
    }

    fn write_registration(
        &self,
        var: &str,
        name: &str,
        bin: &str,
        completer: &str,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let mut script = Vec::new();
        self.0
            .write_registration(var, name, bin, completer, &mut script)?;
        let mut script =
            String::from_utf8_lossy(&script).replace(OFFER, &format!("{JOINED}{OFFER}"));
        for (lacking, whole) in [(WORDS, WHOLE), (DONE, PIECES)] {
            script = script.replace(lacking, whole);
        }
        buf.write_all(script.as_bytes())
    }

    fn write_complete(
        &self,
        cmd: &mut Command,
        args: Vec<OsString>,
        current_dir: Option<&Path>,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        // Shells hand over words as they were typed.
        let args = args.into_iter().map(unquoted).collect();
        let mut words = Vec::new();
        self.0.write_complete(cmd, args, current_dir, &mut words)?;
        if self.is(Bash.name()) {
            // Bash alone takes what we offer as it is: an id, which is whatever somebody has put
            // into the shop, would be run as a command. Its script splits at this sign.
            let sign = std::env::var("_CLAP_IFS").unwrap_or_default();
            words = quoted(&String::from_utf8_lossy(&words), &sign).into_bytes();
        }
        buf.write_all(&words)
    }
}

/// A word as it was typed, without the backslashes that quote.
fn unquoted(word: OsString) -> OsString {
    let Some(typed) = word.to_str().filter(|typed| typed.contains('\\')) else {
        return word;
    };
    let mut plain = String::new();
    let mut signs = typed.chars();
    while let Some(sign) = signs.next() {
        plain.extend(if sign == '\\' {
            signs.next()
        } else {
            Some(sign)
        });
    }
    plain.into()
}

/// `words` with a backslash before all that is neither a letter, a digit, a plain sign nor `ifs`.
fn quoted(words: &str, ifs: &str) -> String {
    let mut quoted = String::new();
    for sign in words.chars() {
        let plain = sign.is_alphanumeric() || "_-./:@%+,=".contains(sign) || ifs.contains(sign);
        quoted.extend((!plain).then_some('\\').into_iter().chain([sign]));
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_read_back() {
        for word in [
            "espresso",
            "two words",
            "it's",
            "a;ls",
            "$(ls)",
            "`ls`",
            "a\\b",
            "*",
            "~",
            "tea:é",
            "price=",
        ] {
            assert_eq!(unquoted(quoted(word, "\n").into()), word);
        }
        assert_eq!(quoted("a b\u{b}c;d", "\u{b}"), "a\\ b\u{b}c\\;d");
        // Half a quotation, as somebody types it.
        assert_eq!(unquoted("a\\".into()), "a");
    }
}
