# Completions of trolley for fish. To load them: trolley completions fish | source

function __trolley_candidates
    set -l words (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token)
    TROLLEY_COMPLETE=fish {program} -- $words
end

complete --keep-order --exclusive --command trolley --arguments '(__trolley_candidates)'
