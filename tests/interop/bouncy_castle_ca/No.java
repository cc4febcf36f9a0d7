/** A refusal: what is wrong, as a bit of PKIFailureInfo, and in words. */
final class No extends Exception {
    private static final long serialVersionUID = 1;

    /** A constant of {@link org.bouncycastle.asn1.cmp.PKIFailureInfo}. */
    final int reason;

    No(int reason, String text) {
        super(text);
        this.reason = reason;
    }

    /** Any other failure while reading what came from outside. */
    static No of(int reason, Exception failure) {
        return failure instanceof No no ? no : new No(reason, failure.toString());
    }
}
