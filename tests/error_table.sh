#!/usr/bin/env bash
# Every error of an API family with the tests that show it, as a table in Markdown. (docs/asteria-errors.md is that of ASTERIA,
# whose tests are made from one list of codes.)
#
#     tests/error_table.sh [FAMILY...]      all families by default
#
# The errors are in tests/error_codes/FAMILY.tsv (status, code or words, meaning); a test shows one if its source has the
# code. Ends with 1 if an error of the families is shown by no test.
set -euo pipefail
cd "$(dirname "$0")"
families=("$@")
[ $# -gt 0 ] || families=($(basename -s .tsv error_codes/*.tsv))
missing=0
for family in "${families[@]}"; do
    printf '\n## %s\n\n| status | error | when | tests |\n|---|---|---|---|\n' "$family"
    sources=()
    for source in "$family.rs" "$family"/*.rs; do [ ! -e "$source" ] || sources+=("$source"); done
    # An awk without sources would wait for stdin.
    [ ${#sources[@]} -gt 0 ] || sources=(/dev/null)
    awk -F '\t' '
        # Whether a line has the code. A number must not be a part of a longer one, as 2002 is of 12002.
        function has(line, code,    at, before, after) {
            if (code !~ /^[0-9]+$/) return index(line, code) > 0
            while ((at = index(line, code)) > 0) {
                before = substr(line, at - 1, at > 1 ? 1 : 0)
                after = substr(line, at + length(code), 1)
                if (before !~ /[0-9]/ && after !~ /[0-9]/) return 1
                line = substr(line, at + length(code))
            }
            return 0
        }
        FILENAME ~ /\.tsv$/ { status[++count] = $1; code[count] = $2; when[count] = $3; next }
        FNR == 1 { test = ""; marked = 0 }
        /^ *#\[(tokio::)?test/ { marked = 1 }
        /^ *(pub )?(async )?fn / {
            if (marked) { match($0, /fn [a-z0-9_]+/); test = substr($0, RSTART + 3, RLENGTH - 3) }
            else if ($0 ~ /^(pub )?(async )?fn /) test = ""
            marked = 0
        }
        test != "" {
            for (one = 1; one <= count; one++)
                if (has($0, code[one]) && !((one, FILENAME, test) in seen)) {
                    seen[one, FILENAME, test] = 1
                    name = FILENAME; sub(/\.rs$/, "", name); gsub(/\//, "::", name)
                    shown[one] = shown[one] (shown[one] == "" ? "" : ", ") "`" name "::" test "`"
                }
        }
        END {
            for (one = 1; one <= count; one++) {
                text = code[one]; gsub(/\|/, "\\|", text)
                printf "| %s | %s | %s | %s |\n", status[one], text, when[one], shown[one] == "" ? "**none**" : shown[one]
                if (shown[one] == "") none++
            }
            exit none > 0
        }
    ' "error_codes/$family.tsv" "${sources[@]}" || missing=1
done
exit $missing
