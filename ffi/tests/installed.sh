#!/usr/bin/env bash
# A stranger's way: programs built in an empty folder from nothing but the installed files.
#
#   ffi/tests/installed.sh PREFIX FILES      FILES was made by `revocache demo --dir FILES`
set -euo pipefail
for tool in cc pkg-config objdump; do
    command -v "$tool" > /dev/null || { echo "installed.sh: SKIPPED: no $tool"; exit 0; }
done
prefix="$(cd "$1" && pwd)"
files="$(cd "$2" && pwd)"
examples="$(cd "$(dirname "$0")/../../examples" && pwd)"
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cp "$examples/c/check.c" "$examples/c/client.c" "$examples/c/threads.c" "$examples/cpp/check.cpp" "$folder/"
cd "$folder"
for name in ca spare revoked; do
    # DER is what is between the lines of a PEM file.
    sed '/-----/d' "$files/$name.pem" | base64 -d > "$name.der"
done

expect() { # CODE COMMAND...
    local wanted="$1" code=0
    shift
    "$@" > output 2>&1 || code=$?
    [ "$code" = "$wanted" ] || { echo "installed.sh: $* ended with $code instead of $wanted:"; cat output; exit 1; }
}

ask() { # PROGRAM
    expect 0 env LD_LIBRARY_PATH="$prefix/lib" "$1" "$files/index" spare.der ca.der
    expect 1 env LD_LIBRARY_PATH="$prefix/lib" "$1" "$files/index" revoked.der ca.der
    grep -q '^revoked' output
    echo "installed.sh: $2: good and revoked as they should be"
}

soname="$(objdump -p "$prefix/lib/librevocache.so" | awk '/SONAME/ { print $2 }')"
[ -e "$prefix/lib/$soname" ] || { echo "installed.sh: the soname $soname is not installed"; exit 1; }
size="$(stat -L -c %s "$prefix/lib/librevocache.so")"
[ "$size" -lt 1000000 ] || { echo "installed.sh: the stripped library has $size octets"; exit 1; }
echo "installed.sh: $soname has $size octets"

warnings="-std=c99 -Wall -Wextra -Wpedantic -Werror"
cc $warnings check.c -o check $(pkg-config --cflags --libs revocache)
ask ./check "pkg-config"
objdump -p check | grep -q "NEEDED *$soname"
cc $warnings check.c -o check-static $(pkg-config --cflags revocache) "$prefix/lib/librevocache.a" \
    $(pkg-config --static --libs-only-l revocache | sed 's/-lrevocache//')
ask ./check-static "static library"
if command -v c++ > /dev/null; then
    c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror check.cpp -o check-cpp $(pkg-config --cflags --libs revocache)
    ask ./check-cpp "C++"
fi

if [ -e "$prefix/lib/librevocache_client.so" ]; then
    # Everything the plain library can do, by the same programs; what it can do beyond is tested with a server.
    client_soname="$(objdump -p "$prefix/lib/librevocache_client.so" | awk '/SONAME/ { print $2 }')"
    [ -e "$prefix/lib/$client_soname" ] || { echo "installed.sh: $client_soname is not installed"; exit 1; }
    cc $warnings check.c -o check-by-client $(pkg-config --cflags --libs revocache_client)
    ask ./check-by-client "the library with the client"
    objdump -p check-by-client | grep -q "NEEDED *$client_soname"
    cc $warnings client.c -o client $(pkg-config --cflags --libs revocache_client)
    expect 69 env LD_LIBRARY_PATH="$prefix/lib" ./client 127.0.0.1:9 "$(printf '00%.0s' $(seq 32))" ca.der
    echo "installed.sh: the client's example: nobody answers, as it should be"
else
    echo "installed.sh: SKIPPED: installed without --client"
fi

if command -v cmake > /dev/null; then
    cat > CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.16)
project(uses_revocache C CXX)
find_package(revocache 0.1 REQUIRED)
add_executable(check-cmake check.c)
target_link_libraries(check-cmake PRIVATE revocache::revocache)
add_executable(check-cmake-static check.c)
target_link_libraries(check-cmake-static PRIVATE revocache::static)
CMAKE
    if [ -e "$prefix/lib/librevocache_client.so" ]; then
        cat >> CMakeLists.txt <<'CMAKE'
find_package(revocache_client 0.1 REQUIRED)
add_executable(client-cmake client.c)
target_link_libraries(client-cmake PRIVATE revocache::client)
add_executable(client-cmake-static client.c)
target_link_libraries(client-cmake-static PRIVATE revocache::client_static)
CMAKE
    fi
    cmake -S . -B build -DCMAKE_PREFIX_PATH="$prefix" > /dev/null
    cmake --build build > /dev/null
    ask build/check-cmake "CMake"
    ask build/check-cmake-static "CMake, static"
else
    echo "installed.sh: SKIPPED: no cmake"
fi

if command -v meson > /dev/null && command -v ninja > /dev/null; then
    mkdir meson && cp check.c meson/
    cat > meson/meson.build <<'MESON'
project('uses-revocache', 'c')
executable('check-meson', 'check.c', dependencies: dependency('revocache'))
MESON
    meson setup meson/build meson > /dev/null
    ninja -C meson/build > /dev/null
    ask meson/build/check-meson "Meson"
else
    echo "installed.sh: SKIPPED: no meson"
fi
