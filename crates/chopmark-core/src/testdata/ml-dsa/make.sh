set -eu
O="$HOME/.cache/chopmark/openssl/sid/openssl"
CA='basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign'
END='basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature'
NOSIGN='basicConstraints=critical,CA:TRUE
keyUsage=critical,digitalSignature'
# name algorithm issuer extensions subject not_before not_after
make() {
  name=$1 alg=$2 issuer=$3 ext=$4 subject=${5:-$1} from=${6:-20260101000000Z} to=${7:-21260101000000Z}
  if [ "$alg" = EC ]; then $O genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $name.key
  else $O genpkey -algorithm $alg -out $name.key; fi
  printf '%s\n' "$ext" > $name.ext
  $O req -new -key $name.key -subj "/O=Chopmark vectors/CN=$subject" -out $name.csr
  if [ "$issuer" = - ]; then by="-signkey $name.key"; else by="-CA $issuer.pem -CAkey $issuer.key"; fi
  $O x509 -req -in $name.csr -extfile $name.ext -not_before $from -not_after $to $by -out $name.pem 2>/dev/null
  $O x509 -in $name.pem -outform DER -out $name.der
}
make root ML-DSA-65 - "$CA"
make stranger ML-DSA-65 - "$CA" root
make root87 ML-DSA-87 - "$CA"
make ca ML-DSA-44 root "$CA"
make end ML-DSA-44 ca "$END"
make end-p256 EC ca "$END"
make end-of-root ML-DSA-65 root "$END"
make end-of-root87 EC root87 "$END"
make end-past ML-DSA-44 ca "$END" end-past 20200101000000Z 20210101000000Z
make end-future ML-DSA-44 ca "$END" end-future 21000101000000Z 21260101000000Z
make end-of-stranger ML-DSA-44 stranger "$END"
make ca-past ML-DSA-44 root "$CA" ca-past 20200101000000Z 20210101000000Z
make end-of-ca-past EC ca-past "$END"
make ca-no-sign ML-DSA-44 root "$NOSIGN"
make end-of-ca-no-sign EC ca-no-sign "$END"
make end-of-end EC end "$END"
for c in end end-p256; do $O verify -x509_strict -CAfile root.pem -untrusted ca.pem $c.pem; done
$O version
