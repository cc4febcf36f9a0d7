import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.bouncycastle.asn1.ASN1BitString;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Object;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1TaggedObject;
import org.bouncycastle.asn1.BERSequence;
import org.bouncycastle.asn1.BERTaggedObject;
import org.bouncycastle.asn1.cmp.PKIMessage;

/** The message as it goes out. */
final class Bytes {
    private Bytes() {}

    static byte[] of(PKIMessage message, Switches switches, Desk.Wrong wrong) throws IOException {
        if (wrong.is("empty")) {
            return new byte[0];
        }
        if (wrong.is("garbage")) {
            return "<html><body>503 Service Unavailable</body></html>".getBytes(StandardCharsets.US_ASCII);
        }
        byte[] der = message.getEncoded(ASN1Encoding.DER);
        if (wrong.is("cut")) {
            return Arrays.copyOf(der, der.length / 2);
        }
        return switches.has("ber") ? ber(ASN1Primitive.fromByteArray(der)).getEncoded(ASN1Encoding.BER) : der;
    }

    /** With indefinite lengths wherever that is possible; certificates stay as they are, for their bytes are signed. */
    private static ASN1Object ber(ASN1Encodable value) {
        if (value instanceof ASN1Sequence sequence && !isSigned(sequence)) {
            ASN1EncodableVector parts = new ASN1EncodableVector();
            for (ASN1Encodable part : sequence) {
                parts.add(ber(part));
            }
            return new BERSequence(parts);
        }
        if (value instanceof ASN1TaggedObject tagged && tagged.isExplicit()) {
            return new BERTaggedObject(true, tagged.getTagNo(), ber(tagged.getExplicitBaseObject()));
        }
        return value.toASN1Primitive();
    }

    /** Certificate, CRL: what is signed, the algorithm, the signature. */
    private static boolean isSigned(ASN1Sequence sequence) {
        return sequence.size() == 3 && sequence.getObjectAt(2) instanceof ASN1BitString
            && sequence.getObjectAt(0) instanceof ASN1Sequence;
    }
}
