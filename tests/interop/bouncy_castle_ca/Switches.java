import java.lang.reflect.Field;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;

/** How this row's CA differs from a good and plain one. */
final class Switches {
    /** How answers are protected; without one of these: as the request was (MAC for MAC, RSA signature for signature). */
    private static final Set<String> PROTECTION = Set.of("sign", "sign-pss", "sign-ec", "sign-ed25519");

    /** One thing in the answer is wrong. With `late`, it is the answer to certConf instead of the one to the request. */
    private static final Set<String> WRONG = Set.of(
        "late",
        "bad-mac", // one bit of the protection, be it a MAC or a signature
        "unprotected",
        "wrong-transaction",
        "wrong-nonce", // recipNonce
        "no-sender-nonce",
        "stale-time", // messageTime of yesterday
        "foreign-signer", // signed by a certificate of another CA that calls itself like ours
        "signer-without-eku", // signed by an ordinary subscriber of the same CA
        "missing-chain", // signed, but extraCerts hold nothing but the signer
        "wrong-cert-req-id",
        "two-answers", // twice the same certReqId
        "wrong-body", // cp for ir, ip for everything else
        "other-key", // a certificate for another key
        "no-certificate",
        "garbage", "cut", "empty",
        // Central key generation.
        "kga-without-eku", "kga-bad-signature",
        // Update of the root: newWithOld is not signed by the old root.
        "bad-link");

    /** Ways of real CAs that a client has to live with. */
    private static final Set<String> DIFFERENT = Set.of(
        "null-sender", "no-sender-kid", "no-recip-nonce", "no-ca-pubs",
        "cert-in-extra-only", // accepted, without certifiedKeyPair
        "implicit", // implicitConfirm is granted when asked for
        "implicit-unasked", // and when not; a certConf is then an error
        "granted-with-mods", // another subject
        "several-certificates", // a second response, certReqId 1
        "unprotected-error",
        "ber", // indefinite lengths
        "p10-zero", // certReqId 0 in the answer to a p10cr, as before RFC 9480
        "no-pvno3", // pvno 3 is refused
        "issue-ed25519", // by an Ed25519 key, whose algorithm names no hash for certConf (RFC 9481, section 3.3)
        "bare-key", // no AsymmetricKeyPackage around the generated key, which is how OpenSSL 3.6 has it
        "oaep", // RSAES-OAEP for central key generation
        "first-nonce", // after polling, recipNonce is the first request's senderNonce
        "no-new-root", // genp: no root update is known
        "refuse", // =failInfo: in the status of the answer
        "error", // =failInfo: as an error message
        "poll", // =N: status waiting, then N times pollRep
        "poll-whole", // =N: error(waiting), then N times pollRep with certReqId -1 (RFC 9483, section 4.4)
        "poll-confirm"); // =N: the same for certConf

    private final Map<String, String> on = new LinkedHashMap<>();

    /** From "name,name=value"; "-" is none. */
    Switches(String text) {
        for (String part : text.equals("-") ? new String[0] : text.split(",")) {
            String[] pair = part.split("=", 2);
            if (!PROTECTION.contains(pair[0]) && !WRONG.contains(pair[0]) && !DIFFERENT.contains(pair[0])) {
                throw new IllegalArgumentException("no such switch: " + part);
            }
            on.put(pair[0], pair.length > 1 ? pair[1] : "");
        }
    }

    boolean has(String name) {
        return on.containsKey(name);
    }

    int number(String name) {
        return has(name) ? Integer.parseInt(on.get(name)) : 0;
    }

    /** The value as a bit of PKIFailureInfo. */
    int reason(String name) {
        try {
            return PKIFailureInfo.class.getField(on.get(name)).getInt(null);
        } catch (ReflectiveOperationException unknown) {
            throw new IllegalArgumentException("no such failInfo: " + on.get(name), unknown);
        }
    }

    /** The names of the bits that are set, each with a space behind it. */
    static String names(PKIFailureInfo reasons) {
        StringBuilder names = new StringBuilder();
        for (Field field : PKIFailureInfo.class.getFields()) {
            try {
                boolean isBit = field.getType() == int.class && Character.isLowerCase(field.getName().charAt(0));
                if (isBit && (reasons.intValue() & field.getInt(null)) != 0) {
                    names.append(field.getName()).append(' ');
                }
            } catch (IllegalAccessException hidden) {
                throw new IllegalStateException(hidden);
            }
        }
        return names.toString();
    }
}
