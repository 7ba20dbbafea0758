#!/bin/sh
# Writes the manual pages and shell completions for packages, with the program itself.
set -eu

if [ $# != 2 ]; then
    echo "Usage: packaging/manual.sh PROGRAM FOLDER" >&2
    exit 2
fi
program=$1 folder=$2

# Removes pages of commands that no longer exist.
rm -rf -- "$folder/man" "$folder/completions"
"$program" man "$folder/man"
mkdir "$folder/completions"
for shell in bash zsh fish; do
    "$program" completions $shell >"$folder/completions/$shell"
done
