#!/bin/sh
# Makes the tokens beside it anew, with keys that are thrown away. Times change, so do test constants.
# Needs openssl; `expired` is a chain that was valid for a minute and never again.
set -eu
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
printf 'extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n' > ext

authority() { # name, not after (YYYYMMDDHHMMSSZ)
    openssl ecparam -name prime256v1 -genkey -noout -out "$1-root.key"
    openssl req -x509 -new -key "$1-root.key" -out "$1-root.csr" -subj "/CN=$1 root" -days 1
    openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
    openssl req -new -key "$1-root.key" -out root.csr -subj "/CN=$1 root"
    openssl req -new -key "$1.key" -out tsa.csr -subj "/CN=$1 time stamps"
    mkdir -p ca; : > ca/index.txt; echo 01 > ca/serial
    printf '[ca]\ndefault_ca=d\n[d]\ndir=ca\ndatabase=ca/index.txt\nserial=ca/serial\nnew_certs_dir=ca\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n[root]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n' > ca.cnf
    openssl ca -batch -config ca.cnf -selfsign -keyfile "$1-root.key" -in root.csr -extensions root \
        -startdate 20200101000000Z -enddate "$2" -out "$1-root.pem" -notext
    openssl ca -batch -config ca.cnf -cert "$1-root.pem" -keyfile "$1-root.key" -in tsa.csr \
        -extfile ext -startdate 20200101000000Z -enddate "$2" -out "$1.pem" -notext
    cat > "$1.cnf" <<C
[tsa]
default_tsa=t
[t]
serial=./serial
crypto_device=builtin
signer_cert=./$1.pem
signer_key=./$1.key
signer_digest=sha256
default_policy=1.2.3.4.1
digests=sha1,sha256,sha384,sha512
accuracy=secs:1,millisecs:500
ess_cert_id_alg=sha256
ordering=no
tsa_name=no
C
    echo 01 > serial
    cp "$1-root.pem" "$here/$1-root.pem"
}

stamp() { # authority, file, hash, name of the token, further options of `ts -reply`
    openssl ts -query -data "$here/$2" "-$3" -cert -no_nonce -out query
    who=$1; out=$4; shift 4
    openssl ts -reply -config "$who.cnf" -queryfile query -out "$here/$out" "$@"
}

authority pinned 21200101000000Z
stamp pinned notes.txt sha256 notes.tsr
stamp pinned notes.txt sha256 notes.token -token_out
stamp pinned notes.txt sha512 notes-512.tsr
stamp pinned notes.txt sha1 notes-sha1.tsr
stamp pinned SHA256SUMS sha256 sums.tsr
stamp pinned notes.txt sha256 chain.tsr -chain pinned-root.pem
authority other 21200101000000Z
stamp other notes.txt sha256 other.tsr
authority expired "$(date -u -d '+60 seconds' +%Y%m%d%H%M%SZ)"
stamp expired notes.txt sha256 expired.tsr
authority late 20210101000000Z
stamp late notes.txt sha256 late.tsr
