#compdef trolley
# Completions of trolley for zsh. To load them: source <(trolley completions zsh)

_trolley() {
    local -a candidates=("${(@f)$(
        TROLLEY_COMPLETE=zsh TROLLEY_COMPLETE_INDEX=$((CURRENT - 1)) {program} -- "${words[@]}" 2>/dev/null
    )}")

    # A candidate is `word` or `word:help`. No space belongs behind a folder or behind `price=`.
    local -a folders fields others
    local candidate word
    for candidate in $candidates; do
        word=${candidate%%:*}
        if [[ $word == */ ]]; then
            folders+=("${word%/}${candidate#$word}")
        elif [[ $candidate == *= ]]; then
            fields+=("$candidate")
        else
            others+=("$candidate")
        fi
    done

    (( $#folders )) && _describe -V 'values' folders -S '/' -r '/'
    (( $#fields )) && _describe -V 'values' fields -S ''
    (( $#others )) && _describe -V 'values' others
}

if [[ ${funcstack[1]} == _trolley ]]; then
    # The file lies in a folder of $fpath, and this is the first completion.
    _trolley "$@"
else
    compdef _trolley trolley
fi
