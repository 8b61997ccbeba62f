# Completions of trolley for bash. To load them: source <(trolley completions bash)

_trolley() {
    # Bash splits words at `:` and `=`, and addresses, options and ids contain some. The pieces
    # are put together; `before` is what bash keeps of the word at the cursor.
    local words=() last=-1 index=0 before= i word
    for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
        word=${COMP_WORDS[i]}
        # Of the word at the cursor, only what stands before the cursor is asked for.
        [[ $i == "$COMP_CWORD" && ! $word =~ ^[:=]+$ ]] && word=$2
        if [[ $last -ge 1 ]] && [[ ${COMP_WORDS[i]} =~ ^[:=]+$ || ${COMP_WORDS[i-1]} =~ ^[:=]+$ ]]; then
            words[last]+=$word
        else
            words[++last]=$word
        fi
        [[ $i == "$COMP_CWORD" ]] && { index=$last; before=${words[last]%"$2"}; }
    done

    local candidate
    COMPREPLY=()
    while IFS= read -r candidate; do
        COMPREPLY+=("${candidate#"$before"}")
    done < <(TROLLEY_COMPLETE=bash TROLLEY_COMPLETE_INDEX=$index {program} -- "${words[@]}")

    # No space behind `price=` or a folder: there is more to come. Old versions have no compopt,
    # and there a space is left out everywhere.
    if compopt +o nospace 2>/dev/null && [[ ${COMPREPLY-} =~ [=/:]$ ]]; then
        compopt -o nospace
    fi
}

complete -o nospace -o bashdefault -o nosort -F _trolley trolley 2>/dev/null ||
    complete -o nospace -o bashdefault -F _trolley trolley
